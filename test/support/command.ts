import { execFile } from 'node:child_process'

/** How a command ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** Runs `anteroom` with these variables and none of the test's own besides PATH. */
export function commandLine(variables: Record<string, string>): (...args: string[]) => Promise<Ended> {
  const env = { PATH: process.env.PATH, KEY_BCRYPT_COST: '4', PASSWORD_BCRYPT_COST: '4', ...variables }
  return (...args) =>
    new Promise((resolve) => {
      execFile(process.execPath, ['bin/anteroom.ts', ...args], { env }, (error, out, told) => {
        resolve({ code: error ? Number(error.code) : 0, out, error: told })
      })
    })
}
