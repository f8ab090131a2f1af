import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { inspectProcess } from '../../db/embedded/processes.ts'
import { dataFolder, gone, postmasterOf } from '../db/embedded-harness.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const CREATES = 200
// Fewer than are created: however late an answer is read, some creates are never answered.
const AT_ONCE = 100

/** The key and the curl lines of a first start's welcome. */
function readWelcome(output: string) {
  const key = /API key +(sk_dev_\w+)/.exec(output)?.[1]
  if (!key) throw new Error(`no key in ${output}`)
  return { key, curls: [...output.matchAll(/^ +(curl .*)$/gm)].map((match) => match[1] as string) }
}

function creator(server: ServerProcess, key: string) {
  return async (index: number): Promise<{ status: number; id: string | null }> => {
    const response = await fetch(`${server.url}/api/campaigns`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': `create ${index}`,
      },
      body: JSON.stringify({ name: `Campaign ${index}` }),
    })
    const body = (await response.json()) as { id?: string }
    return { status: response.status, id: body.id ?? null }
  }
}

/** The ids of all campaigns of those creates, by their name. */
async function campaignsOf({ url }: ServerProcess, key: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = cursor ? `&cursor=${cursor}` : ''
    const response = await fetch(`${url}/api/campaigns?limit=100${query}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    const page = (await response.json()) as {
      campaigns: { id: string; name: string }[]
      nextCursor: string | null
    }
    for (const { id, name } of page.campaigns) found.set(name, [...(found.get(name) ?? []), id])
    cursor = page.nextCursor
  }
  return found
}

async function endsWith(t: Test, server: ServerProcess, signal: NodeJS.Signals, code: number): Promise<void> {
  server.process.kill(signal)
  t.equal(
    await server.ended,
    code,
    `${signal} ends it with exit code ${code}: ${server.output().slice(-300)}`,
  )
  await t.rejects(fetch(`${server.url}/healthz`), 'nothing answers on its port')
}

t.test('the server as a process on a data folder', async (t) => {
  const folder = await dataFolder(t)
  const variables = { DATA_DIR: folder }
  const first = await startServer(t, variables)
  const { key, curls } = readWelcome(first.output())

  t.test("the welcome's own lines work as they are pasted", async (t) => {
    t.equal(curls.length, 4)
    for (const line of curls) {
      const { stdout } = await run('bash', ['-c', line])
      const body = JSON.parse(stdout)
      t.notOk(body.error, stdout.slice(0, 200))
      t.ok(body.organization || body.campaigns?.length === 3)
    }
  })

  t.test(
    'killed in the midst of 200 creates, it keeps what it answered for, and doubles nothing',
    async (t) => {
      const create = creator(first, key)
      const answered = new Map<number, string>()
      const indexes = Array.from({ length: CREATES }, (_, index) => index).values()
      await Promise.allSettled(
        Array.from({ length: AT_ONCE }, async () => {
          for (const index of indexes) {
            const { status, id } = await create(index)
            if (status === 201 && id) answered.set(index, id)
            if (answered.size === CREATES / 4) first.process.kill('SIGKILL')
          }
        }),
      )
      await first.ended
      t.ok(answered.size > 0 && answered.size < CREATES, `${answered.size} were answered`)

      const second = await startServer(t, variables)
      t.notMatch(second.output(), /sk_dev_|Log-in/, 'the second start shows no secret')
      const kept = await campaignsOf(second, key)
      for (const [index, id] of answered) t.same(kept.get(`Campaign ${index}`), [id])

      const again = await Promise.all(
        Array.from({ length: CREATES }, (_, index) => creator(second, key)(index)),
      )
      t.same(new Set(again.map(({ status }) => status)), new Set([201]))
      for (const [index, id] of answered) t.equal(again[index]?.id, id, 'the same answer as before')
      const all = await campaignsOf(second, key)
      for (let index = 0; index < CREATES; index += 1)
        t.same(all.get(`Campaign ${index}`), [again[index]?.id])

      const postmaster = postmasterOf(folder)
      await endsWith(t, second, 'SIGINT', 0)
      t.equal(await inspectProcess(postmaster), null, 'PostgreSQL ended with it')
    },
  )

  t.test('it ends, and says why, when its PostgreSQL dies', async (t) => {
    const server = await startServer(t, variables)
    const postmaster = postmasterOf(folder)
    process.kill(postmaster, 'SIGKILL')
    t.equal(await server.ended, 1)
    t.match(server.output(), /^The embedded PostgreSQL .* is gone$/m)
    await gone([postmaster])
  })
})

t.test('a start that comes to nothing', async (t) => {
  const folder = await dataFolder(t)

  t.test(
    'a port in use: one line, exit code 1, no PostgreSQL left, and the welcome is kept for later',
    async (t) => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const { port } = taken.address() as AddressInfo
      const variables = { DATA_DIR: folder, PORT: String(port), LOG_LEVEL: 'silent' }
      const refused = await startServer(t, variables).catch((error: Error) => error.message)
      taken.close()
      t.match(refused, new RegExp(`: Port ${port} is in use: set PORT to another one\n$`))
      t.throws(() => postmasterOf(folder), { code: 'ENOENT' }, 'PostgreSQL is stopped')
      const later = await startServer(t, { DATA_DIR: folder })
      t.ok(readWelcome(later.output()).key, 'who starts it on another port sees the password and the key')
      await endsWith(t, later, 'SIGTERM', 0)
    },
  )

  t.test('a signal while it starts leaves nothing behind', async (t) => {
    const child = spawn(process.execPath, ['server.ts'], {
      env: { PATH: process.env.PATH, DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent' },
      stdio: 'ignore',
    })
    t.teardown(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    // Long before the server listens.
    await until(() => existsSync(join(folder, 'postgres/data/postmaster.pid')), 'PostgreSQL to start')
    child.kill('SIGINT')
    t.same((await ended)[0], 0)
    t.throws(() => postmasterOf(folder), { code: 'ENOENT' }, 'PostgreSQL is stopped')
  })
})
