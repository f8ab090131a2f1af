import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { freePort } from '../../bench/harness/free-port.ts'

/** A Redis of a test's own, that can be killed and started again where it was. */
export interface RedisServer {
  readonly url: string
  start(): Promise<void>
  /** Ends it at once, with all that it knows. */
  kill(): Promise<void>
  /** Stops it from answering, its connections open. */
  freeze(): void
  thaw(): void
}

/** The Redis or Valkey of this machine; null where there is none. */
export function redisProgram(): string | null {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return name
    } catch {}
  }
  return null
}

/** Starts it on a free port of loopback, nothing kept on disk; it ends with the test. */
export async function redisServer(t: Test, program: string): Promise<RedisServer> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  t.teardown(kill)
  const start = async () => {
    child = spawn(
      program,
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      {
        stdio: 'ignore',
      },
    )
    const client = new Redis(url, { retryStrategy: () => 25, maxRetriesPerRequest: null })
    client.on('error', () => {})
    // One that ends at once, as it can't have its port, never answers.
    child.once('exit', () => client.disconnect())
    await client.ping().finally(() => client.disconnect())
  }
  await start()
  return {
    url,
    start,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
}
