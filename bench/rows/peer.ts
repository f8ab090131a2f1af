import postgres from 'postgres'
import { bearer, makeKey } from '../harness/anteroom.ts'
import type { Pace } from '../harness/duel.ts'
import { installPeers } from '../harness/peers.ts'
import { startServer } from '../harness/process.ts'
import type { Stage } from '../harness/stage.ts'
import { ratioOf } from './ratio.ts'
import type { Finding, Row } from './row.ts'

const DATABASE = 'bench_peer'
const TITLE = "Better Auth's API-key plugin on Fastify and the same PostgreSQL"

/** What a developer would have otherwise, the key check of a well-known library, for one busy client. */
export const peer = against({
  name: 'peer',
  title: `GET /api/whoami with a key / ${TITLE}`,
  keys: 1,
  target: 30,
})

/** The best case of the library: one key a connection, or its updates of a key's row would wait for each other. */
export const peerKeys = against({
  name: 'peer-keys',
  title: `the same with 32 keys, one a connection / ${TITLE}`,
  keys: 32,
  target: 20,
})

interface Comparison {
  readonly name: string
  readonly title: string
  /** On each side. */
  readonly keys: number
  readonly target: number
}

function against({ name, title, keys, target }: Comparison): Row {
  return { name, title, target: `>= ${target}`, measure: (stage, pace) => measure(stage, pace, keys, target) }
}

async function measure(stage: Stage, pace: Pace, keys: number, target: number): Promise<Finding> {
  installPeers()
  const headers: { authorization: string }[] = []
  while (headers.length < keys) {
    headers.push(bearer(await makeKey(stage.anteroom.url, stage.tenant.accessToken)))
  }
  const anteroom = { name: 'anteroom', url: stage.anteroom.url, path: '/api/whoami', headers }
  const answer = await fetch(anteroom.url + anteroom.path, {
    headers: headers[0] ?? {},
  })
  const betterAuth = await startServer({
    script: new URL('../peers/better-auth.ts', import.meta.url),
    env: {
      DATABASE_URL: await newDatabase(stage.superuserUrl),
      BODY: await answer.text(),
      KEYS: String(keys),
    },
    readyPath: '/keys',
  })
  try {
    const itsKeys = (await (await fetch(`${betterAuth.url}/keys`)).json()) as string[]
    const peerHeaders = itsKeys.map((key) => ({ 'x-api-key': key }))
    return await ratioOf(
      stage,
      pace,
      [anteroom, { name: 'Better Auth', url: betterAuth.url, path: '/whoami', headers: peerHeaders }],
      target,
    )
  } finally {
    await betterAuth.stop()
  }
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
