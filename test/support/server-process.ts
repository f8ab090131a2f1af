import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { TEST_KEY } from './database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The server as a process of its own, as `npm start` runs it. */
export interface ServerProcess {
  readonly url: string
  readonly process: ChildProcess
  /** Everything it wrote, process log and all. */
  output(): string
  /** Its exit code, once it has ended and its last words are in `output`; null where a signal ended it. */
  readonly ended: Promise<number | null>
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>
}

/**
 * Starts `server.ts` on a free port of loopback and waits for its welcome; it ends with the test.
 * @param variables environment variables besides those for cheap hashes and no limits in the way
 * @param options.args of the server's own command line
 * @param options.descriptors how many files and connections it may have open
 */
export async function startServer(
  t: Test,
  variables: Record<string, string>,
  { descriptors, args = [] }: { descriptors?: number; args?: readonly string[] } = {},
): Promise<ServerProcess> {
  const command = descriptors ? `ulimit -n ${descriptors}; exec "$0" "$@"` : 'exec "$0" "$@"'
  const server = ['--import', './db/held-connection-check.ts', 'server.ts', ...args]
  const child = spawn('sh', ['-c', command, process.execPath, ...server], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      KEY_BCRYPT_COST: '4',
      PASSWORD_BCRYPT_COST: '4',
      RATE_LIMIT_PER_MINUTE: '1000000',
      AUTH_FAILURES_PER_MINUTE: '1000000',
      // With a key of its own it would leave logins of its own in the server of the tests.
      ...(variables.DATABASE_URL ? { ENCRYPTION_KEY: TEST_KEY } : {}),
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  // Not `exit`, which may come before what it wrote last.
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
  }
  t.teardown(() => end('SIGKILL'))
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      const base = /Base URL +(\S+)\/api/.exec(output)?.[1]
      if (base) resolve(base)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('close', () => reject(new Error(`the server ended before it listened: ${output}`)))
  })
  return { url, process: child, output: () => output, ended, end }
}
