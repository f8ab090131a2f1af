import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { startServer } from '../support/server-process.ts'

// What PostgreSQL answers when its disk, memory or connections are used up (53), when it can't read a file (58), when it
// takes no writes (25006), when an operator or a time limit ended the statement or the server (57), when the connection
// between two servers broke (08), and when a lock was not to be had in time (55P03).
const STATES = [
  ...['53000', '53100', '53200', '53300', '53400'],
  ...['58000', '58030', '58P01', '25006'],
  ...['57000', '57014', '57P01', '57P02', '57P03', '57P04', '57P05'],
  ...['08000', '08003', '08006', '08P01', '55P03'],
]

t.test(
  'a database that has no room is one honest 503 for each request, and one line in the log',
  async (t) => {
    const { tenant, databaseUrl, logins } = await testApp(t)
    const { auth } = await tenant()
    const variables = { DATABASE_URL: logins.owner, DATA_DIR: t.testdir(), LOG_LEVEL: 'error' }
    const server = await startServer(t, variables)
    const sql = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    await sql`
    create function no_room() returns trigger language plpgsql as $$
    begin
      raise exception 'could not extend file' using errcode = current_setting('app.state', true);
    end $$`
    await sql`create trigger no_room before insert on campaigns for each row execute function no_room()`
    const create = async () => {
      const response = await fetch(`${server.url}/api/campaigns`, {
        method: 'POST',
        headers: { ...auth, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'One' }),
      })
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: await response.json(),
      }
    }
    for (const state of STATES) {
      await sql`alter function no_room set app.state = ${sql.unsafe(`'${state}'`)}`
      t.match(
        await create(),
        {
          status: 503,
          retryAfter: /^\d+$/,
          body: { error: { code: 'UNAVAILABLE', reason: 'database_unavailable' } },
        },
        state,
      )
    }
    await sql`drop trigger no_room on campaigns`
    t.equal((await create()).status, 201)

    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":50'))
    t.equal(lines.length, 1, lines.join('\n'))
    t.match(JSON.parse(lines[0] ?? '{}'), { reason: 'database_unavailable', why: /could not extend file/ })
    t.notMatch(lines[0], /\\n +at |"stack"/)
  },
)
