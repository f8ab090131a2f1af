import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const CLIENTS = 16

/** A database with one tenant, and a folder that the processes of the test share. */
async function ground(t: Test) {
  const { databaseUrl, tenant } = await testApp(t)
  const owner = await tenant()
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-crash-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const sql = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const start = () => startServer(t, { DATABASE_URL: databaseUrl, DATA_DIR: dataDir })
  const spooled = () => readdir(join(dataDir, 'spool', 'sandbox'))
  /** Waits until files of dead processes are replayed: at once, or half a minute later where their locks still stood. */
  const replayed = (dead: readonly string[]) =>
    until(async () => !(await spooled()).some((name) => dead.includes(name)), 'the replay')
  return { owner, sql, start, spooled, replayed }
}

/** Asks over and over until the server is gone, and keeps the id of each request that was answered. */
async function askUntilGone(
  server: ServerProcess,
  headers: Record<string, string>,
  onAnswer: (id: string) => void,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const client = async () => {
    for (;;) {
      const id = await ask(server.url, agent, headers).catch(() => null)
      if (id === null) return
      onAnswer(id)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  agent.destroy()
}

function ask(url: string, agent: Agent, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    request(`${url}/api/whoami`, { agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.headers['x-request-id'] as string))
      response.once('error', reject)
    })
      .once('error', reject)
      .end()
  })
}

t.test('killed in the middle of its work, the next process finds every answered request, once', async (t) => {
  const { owner, sql, start, spooled, replayed } = await ground(t)
  const answered = new Set<string>()
  const first = await start()
  await askUntilGone(first, owner.auth, (id) => {
    answered.add(id)
    if (answered.size === 700) first.process.kill('SIGKILL')
  })
  t.ok(answered.size >= 700)
  const left = await spooled()
  t.not(left.length, 0, 'the spool of the dead process is still there')

  const second = await start()
  await replayed(left)
  const rows = await sql<{ id: string }[]>`select id from access_logs where path = '/api/whoami'`
  const logged = rows.map((row) => row.id)
  t.equal(new Set(logged).size, logged.length, 'none is there twice')
  t.equal([...answered].filter((id) => !logged.includes(id)).length, 0, 'none is missing')
  const [counters] =
    await sql`select request_count::int as count from key_counters where key_id = ${owner.keyId}`
  t.equal(counters?.count, logged.length, 'the counter says the same as the log')
  const [hours] = await sql`select sum(requests)::int as count from key_usage where key_id = ${owner.keyId}`
  t.equal(hours?.count, logged.length)
  const [callers] = await sql`select sum(count)::int as count from key_callers where key_id = ${owner.keyId}`
  t.equal(callers?.count, logged.length)
  await second.end('SIGTERM')
  t.strictSame(await spooled(), [], 'nothing is left')
})

t.test('two processes that find the same dead spools replay each once', async (t) => {
  const { owner, sql, start, spooled, replayed } = await ground(t)
  const answered = new Set<string>()
  const dying = await Promise.all([start(), start()])
  await Promise.all(
    dying.map((server) => {
      let count = 0
      return askUntilGone(server, owner.auth, (id) => {
        answered.add(id)
        count += 1
        if (count === 150) server.process.kill('SIGKILL')
      })
    }),
  )
  const left = await spooled()
  t.equal(left.length, 2)
  const living = await Promise.all([start(), start()])
  await replayed(left)
  const [{ count: spools } = { count: 0 }] = await sql`select count(*)::int as count from log_spools`
  t.equal(spools >= 2, true)
  await Promise.all(living.map((server) => server.end('SIGTERM')))
  const rows = await sql<{ id: string }[]>`select id from access_logs where path = '/api/whoami'`
  const logged = new Set(rows.map((row) => row.id))
  t.equal(logged.size, rows.length, 'none is there twice')
  t.equal([...answered].filter((id) => !logged.has(id)).length, 0, 'none is missing')
  const [counters] =
    await sql`select request_count::int as count from key_counters where key_id = ${owner.keyId}`
  t.equal(counters?.count, rows.length)
  t.strictSame(await spooled(), [])
})
