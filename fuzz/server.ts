import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import packageJson from '../package.json' with { type: 'json' }

const READY_MS = 90_000
const STOP_MS = 10_000
const KEPT_LINES = 50
const ERROR_LEVEL = 50

/** A server of the run's own, on loopback. */
export interface FuzzedServer {
  readonly url: string
  readonly pid: number
  /** Whether the process still runs. */
  alive(): boolean
  /** Resident memory, in bytes; 0 where this system does not tell. */
  memory(): Promise<number>
  /** What it wrote to its log as an error, by message, with how often. */
  readonly errors: ReadonlyMap<string, { count: number; line: string }>
  /** The last lines that it wrote. */
  readonly output: readonly string[]
  stop(): Promise<void>
}

/**
 * Starts the server as `npm start` does, without its worker: nothing that a request asks for leaves this machine.
 * @param databaseUrl unset: an embedded PostgreSQL of its own
 */
export async function startFuzzedServer(databaseUrl: string | undefined): Promise<FuzzedServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-fuzz-'))
  const { PATH = '', HOME = '' } = process.env
  const options = packageJson.scripts.start.split(' ').slice(1, -1)
  const child = spawn(process.execPath, [...options, 'server.ts', '--without-worker'], {
    cwd: new URL('..', import.meta.url),
    env: {
      PATH,
      HOME,
      ...settings,
      DATA_DIR: dataDir,
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = new Map<string, { count: number; line: string }>()
  const output: string[] = []
  const ended = once(child, 'close')
  const alive = () => child.exitCode === null && child.signalCode === null
  const stop = async () => {
    if (alive()) child.kill('SIGTERM')
    const lastResort = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(lastResort)
    await rm(dataDir, { recursive: true, force: true })
  }
  const url = new Promise<string>((resolve, reject) => {
    const read = (line: string) => {
      output.push(line)
      if (output.length > KEPT_LINES) output.shift()
      noteError(errors, line)
      const base = /Base URL +(\S+)\/api/.exec(line)?.[1]
      if (base) resolve(base)
    }
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read)
    const late = setTimeout(() => reject(new Error('the server did not start in time')), READY_MS)
    void ended.then(() => reject(new Error(`the server ended:\n${output.join('\n')}`)))
    void ended.finally(() => clearTimeout(late))
  })
  try {
    const base = await url
    const pid = child.pid as number
    return { url: base, pid, alive, errors, output, stop, memory: () => residentMemory(pid) }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Limits out of the way, hashes that cost little: what is looked for is elsewhere. */
const settings = {
  ANTEROOM_ENV: 'sandbox',
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'error',
  KEY_BCRYPT_COST: '4',
  PASSWORD_BCRYPT_COST: '4',
  RATE_LIMIT_PER_MINUTE: '1000000000',
  AUTH_FAILURES_PER_MINUTE: '1000000000',
  SIGNUPS_PER_HOUR: '1000000000',
  // So that requests come from many addresses: some limits count by address.
  TRUST_PROXY: '127.0.0.1',
  ENCRYPTION_KEY: Buffer.alloc(32, 'a key for fuzzing').toString('base64'),
}

function noteError(errors: Map<string, { count: number; line: string }>, line: string): void {
  if (!line.startsWith('{')) return
  const { level, msg, err } = JSON.parse(line) as { level: number; msg?: string; err?: { message?: string } }
  if (level < ERROR_LEVEL) return
  const message = [msg, err?.message].filter(Boolean).join(': ')
  const known = errors.get(message)
  errors.set(message, { count: (known?.count ?? 0) + 1, line: known?.line ?? line })
}

async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}
