import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Whether Caddy is installed; tests that need it are skipped without it. */
export function hasCaddy(): boolean {
  try {
    execFileSync('caddy', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A port of loopback that nobody listens on now, for a server that is to come back to the same one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts Caddy before some servers, as docs/reliability.md says: it asks them whether they are ready, and nobody tells it
 * when one of them is about to end.
 * @returns its base URL
 */
export async function startCaddy(t: Test, ports: readonly number[]): Promise<string> {
  const port = await freePort()
  const folder = t.testdir()
  const upstreams = ports.map((upstream) => `127.0.0.1:${upstream}`).join(' ')
  const file = join(folder, 'Caddyfile')
  writeFileSync(
    file,
    `{
	admin off
	auto_https off
}
http://127.0.0.1:${port} {
	reverse_proxy ${upstreams} {
		lb_policy round_robin
		lb_try_duration 10s
		lb_try_interval 50ms
		health_uri /readyz
		health_interval 250ms
		health_timeout 2s
	}
}
`,
  )
  const child = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: 'ignore',
  })
  t.teardown(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error('Caddy has ended')
    const answers = await fetch(`${url}/healthz`).then(
      () => true,
      () => false,
    )
    if (answers) return url
  }
}
