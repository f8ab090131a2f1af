import postgres from 'postgres'
import { bearer, makeKey } from '../harness/anteroom.ts'
import { installPeers } from '../harness/peers.ts'
import { startServer } from '../harness/process.ts'
import { ratioOf } from './ratio.ts'
import type { Row } from './row.ts'

const TARGET = 30
const DATABASE = 'bench_peer'
/** One a connection: a single row would make Better Auth's updates wait for each other. */
const KEYS = 32

/** What a developer would have otherwise: the key check of a well-known library, on the same PostgreSQL. */
export const peer: Row = {
  name: 'peer',
  title: "GET /api/whoami with a key / Better Auth's API-key plugin on Fastify and the same PostgreSQL",
  target: `>= ${TARGET}`,
  async measure(stage, pace) {
    installPeers()
    const headers: { authorization: string }[] = []
    while (headers.length < KEYS) {
      headers.push(bearer(await makeKey(stage.anteroom.url, stage.tenant.accessToken)))
    }
    const anteroom = { name: 'anteroom', url: stage.anteroom.url, path: '/api/whoami', headers }
    const answer = await fetch(anteroom.url + anteroom.path, {
      headers: headers[0] ?? {},
    })
    const betterAuth = await startServer({
      script: new URL('../peers/better-auth.ts', import.meta.url),
      env: {
        DATABASE_URL: await newDatabase(stage.databaseUrl),
        BODY: await answer.text(),
        KEYS: String(KEYS),
      },
      readyPath: '/keys',
    })
    try {
      const keys = (await (await fetch(`${betterAuth.url}/keys`)).json()) as string[]
      const peerHeaders = keys.map((key) => ({ 'x-api-key': key }))
      return await ratioOf(
        stage,
        pace,
        [anteroom, { name: 'Better Auth', url: betterAuth.url, path: '/whoami', headers: peerHeaders }],
        TARGET,
      )
    } finally {
      await betterAuth.stop()
    }
  },
}

/** An empty database beside Anteroom's, on the same server. */
async function newDatabase(url: string): Promise<string> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`drop database if exists ${sql(DATABASE)} with (force)`
  await sql`create database ${sql(DATABASE)}`
  await sql.end()
  const there = new URL(url)
  there.pathname = `/${DATABASE}`
  return there.href
}
