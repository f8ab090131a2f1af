import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'

const READY_MS = 60_000
const STOP_MS = 10_000
const POLL_MS = 10
const KEPT_OUTPUT = 4_000
const ATTEMPTS = 5
/** What a server says whose port somebody took after it was found free. */
const PORT_TAKEN = /EADDRINUSE|Port \d+ is in use/

/** A server that the bench started, listening on a loopback port of its own. */
export interface Server {
  readonly pid: number
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** From the spawn to the first 200 of the path that was waited for, in milliseconds. */
  readonly startedInMs: number
  /** Asks the process to end, kills it after 10 s, and resolves when it is gone. */
  stop(): Promise<void>
}

/** What {@link startServer} takes. */
export interface ServerOptions {
  /** What Node runs; it listens on the port in `PORT`. */
  readonly script: URL
  /** What the script gets. */
  readonly args?: readonly string[]
  /** Node's own options. */
  readonly nodeOptions?: readonly string[]
  /** Variables besides `PATH`, `HOME` and `NODE_ENV=production`. */
  readonly env: Readonly<Record<string, string>>
  /** Answered with 200 as soon as the server is ready. */
  readonly readyPath: string
}

/** Where servers are started: the `.env` of this checkout is for the server of whoever runs the bench. */
const emptyFolder = mkdtempSync(path.join(tmpdir(), 'anteroom-bench-'))

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(emptyFolder, { recursive: true, force: true })
})

/**
 * Starts a candidate as a process of its own and waits until it answers.
 * @throws Error with the end of its output when it ends or stays silent for 60 s
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (attempt === ATTEMPTS || !PORT_TAKEN.test(String(error))) throw error
    }
  }
}

async function startOnce({
  script,
  args = [],
  nodeOptions = [],
  env,
  readyPath,
}: ServerOptions): Promise<Server> {
  const port = await freePort()
  const { PATH = '', HOME = '' } = process.env
  const start = performance.now()
  const child = spawn(process.execPath, [...nodeOptions, fileURLToPath(script), ...args], {
    cwd: emptyFolder,
    env: { PATH, HOME, NODE_ENV: 'production', ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const ended = once(child, 'close').finally(() => running.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT)
    })
  }

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const lastResort = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(lastResort)
  }

  const url = `http://127.0.0.1:${port}`
  while (!(await answers(url + readyPath))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() - start > READY_MS) {
      await stop()
      await ended
      throw new Error(`${script.pathname} did not answer ${readyPath} with 200:\n${output}`)
    }
    await delay(POLL_MS)
  }
  return { pid: child.pid as number, url, startedInMs: performance.now() - start, stop }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(READY_MS),
      headers: { connection: 'close' },
    })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
