import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A command that was typed in a checkout, with all that it started. */
export interface Typed {
  readonly process: ChildProcess
  /** Everything that it and what it started wrote. */
  output(): string
  /** Waits until it wrote something; fails when it ends before. */
  wrote(what: RegExp): Promise<RegExpExecArray>
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Sends a signal to all of them, as a terminal does. */
  signalAll(signal: NodeJS.Signals): void
  /** Waits until none of them runs any more. */
  allGone(): Promise<void>
}

/** The folder of a checkout of this repository, without a `.env` and without data: links to the real files. */
export function layOutCheckout(folder: string): string {
  const own = new Set(['.env', '.data', '.git', '.tap', '.cache', 'coverage'])
  for (const name of readdirSync(root))
    if (!own.has(name)) symlinkSync(path.join(root, name), path.join(folder, name))
  return folder
}

/**
 * Types a command in a folder, in a process group of its own. It finds the Node and the npm of this machine, as a
 * newcomer's shell does, and not the ones in node_modules.
 */
export function type(t: Test, cwd: string, command: string[], variables: Record<string, string> = {}): Typed {
  const search = (process.env.PATH ?? '').split(':').filter((place) => !place.includes('node_modules'))
  const env = {
    PATH: search.join(':'),
    HOME: process.env.HOME ?? cwd,
    PORT: '0',
    KEY_BCRYPT_COST: '4',
    PASSWORD_BCRYPT_COST: '4',
    ...variables,
  }
  // `env -i`: tap's own variables are for its own processes.
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const child = spawn('/usr/bin/env', ['-i', ...assignments, ...command], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const { pid = 0 } = child
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const signalAll = (signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }
  t.teardown(() => signalAll('SIGKILL'))
  return {
    process: child,
    output: () => output,
    async wrote(what) {
      let found = what.exec(output)
      await until(() => {
        found = what.exec(output)
        return found !== null || child.exitCode !== null || child.signalCode !== null
      }, `${what} in ${output}`)
      if (found === null) throw new Error(`${command.join(' ')} ended: ${output}`)
      return found
    },
    ended,
    signalAll,
    async allGone() {
      await ended
      await until(() => !signalAll(0), `the end of all that ${command.join(' ')} started: ${output}`)
    },
  }
}
