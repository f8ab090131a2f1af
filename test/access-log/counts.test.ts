import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import postgres from 'postgres'
import t from 'tap'
import { encodeBase62 } from '../../credentials/base62.ts'
import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { testApp } from '../support/app.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

// A run of the suite has minutes: the full count is MIXED_REQUESTS=50000.
const REQUESTS = Number(process.env.MIXED_REQUESTS ?? 6000)
const CLIENTS = 32

/** What one kind of request is: how it asks, what it is answered, and whose counter it raises. */
interface Kind {
  path: string
  headers: Record<string, string>
  status: number
  keyId: string | null
  counter: 'requests' | 'failures' | null
  share: number
}

t.test(
  'counters equal what the client counted, over a restart in the middle',
  { timeout: 300_000 },
  async (t) => {
    const { call, databaseUrl, tenant } = await testApp(t)
    const owner = await tenant()
    const user = { authorization: `Bearer ${owner.accessToken}` }
    const make = async (name: string, scopes: string[]) =>
      (await call('POST', '/api/keys', { headers: user, body: { name, scopes } })).body
    const narrow = await make('Narrow', ['logs:read'])
    const revoked = await make('Revoked', ['*'])
    await call('DELETE', `/api/keys/${revoked.id}`, { headers: user, body: {} })

    const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
    const asKey = {
      path: '/api/whoami',
      headers: owner.auth,
      status: 200,
      keyId: owner.keyId,
      counter: 'requests',
    } as const
    const nobody = { path: '/api/whoami', status: 401, keyId: null, counter: null } as const
    const kinds: Kind[] = [
      { ...asKey, share: 50 },
      { ...asKey, headers: owner.both, share: 20 },
      { ...asKey, path: '/api/none', status: 404, share: 3, headers: owner.auth, keyId: null, counter: null },
      {
        ...asKey,
        path: '/api/campaigns',
        headers: bearer(narrow.key),
        status: 403,
        keyId: narrow.id,
        share: 10,
      },
      { ...asKey, headers: bearer(wrongSecret(owner.key)), status: 401, counter: 'failures', share: 5 },
      {
        ...asKey,
        headers: bearer(revoked.key),
        status: 401,
        keyId: revoked.id,
        counter: 'failures',
        share: 5,
      },
      { ...nobody, headers: {}, share: 4 },
      { ...nobody, headers: bearer(generateCredential('sk_dev_').text), share: 3 },
    ]
    const deck = kinds.flatMap((kind) => Array<Kind>(kind.share).fill(kind))

    const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-counts-'))
    t.teardown(() => rm(dataDir, { recursive: true, force: true }))
    const start = () => startServer(t, { DATABASE_URL: databaseUrl, DATA_DIR: dataDir })
    let server = await start()
    const counted = new Map<string, number>()
    const unexpected: number[] = []
    let given = 0
    let answered = 0
    let restarted: Promise<void> | undefined
    const restart = async () => {
      await server.end('SIGTERM')
      server = await start()
    }
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
    const client = async () => {
      while (given < REQUESTS) {
        const kind = deck[given % deck.length] as Kind
        given += 1
        const status = await ask(agent, server.url, kind).catch(() => null)
        if (status === null) {
          // Nobody was there: the server is being restarted. Asked again by whoever is next.
          given -= 1
          await restarted
          continue
        }
        answered += 1
        if (status !== kind.status) unexpected.push(status)
        const counter = `${kind.keyId} ${kind.counter}`
        counted.set(counter, (counted.get(counter) ?? 0) + 1)
        if (answered === REQUESTS / 2) restarted = restart()
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    await restarted
    agent.destroy()
    const sql = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    const logged = async () => {
      const [log] = await sql<{ count: number }[]>`
        select count(*)::int as count from access_logs
        where path in ('/api/whoami', '/api/campaigns', '/api/none')`
      return log?.count ?? 0
    }
    // A process that can't write its last records before it ends leaves them to the next one, and here is none.
    await until(async () => (await logged()) >= answered, 'the log')
    await server.end('SIGTERM')
    t.strictSame(unexpected, [])

    for (const keyId of [owner.keyId, narrow.id, revoked.id]) {
      const mine = {
        requests: counted.get(`${keyId} requests`) ?? 0,
        failures: counted.get(`${keyId} failures`) ?? 0,
      }
      const [total] = await sql`
      select request_count::int as requests, failed_attempts::int as failures from key_counters where key_id = ${keyId}`
      t.strictSame({ ...total }, mine, 'the counters')
      const [hours] = await sql`
      select sum(requests)::int as requests, sum(failures)::int as failures from key_usage where key_id = ${keyId}`
      t.strictSame({ ...hours }, mine, 'the hours')
    }
    t.equal(await logged(), answered, 'the log')
  },
)

/** A whole text with the id of a real key and a secret that is not its own. */
function wrongSecret(key: string): string {
  const parsed = parseCredential(key)
  if (!parsed) throw new Error('not a key')
  const payload = `${parsed.prefix}${parsed.publicId}${[...parsed.secret].reverse().join('')}`
  return payload + encodeBase62(crc32(payload), 6)
}

function ask(agent: Agent, url: string, { path, headers }: Kind): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url + path, { agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode as number))
      response.once('error', reject)
    })
      .once('error', reject)
      .end()
  })
}
