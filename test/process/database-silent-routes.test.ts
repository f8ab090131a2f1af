import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { TestApp } from '../support/app.ts'
import { type Operation, operationsOf } from '../support/operations.ts'
import { makeOwner, type Owner } from '../support/owner.ts'
import { silentScenes } from '../support/silent-database.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

/** What a client waits for an answer before it gives up, in milliseconds. Every route has to be faster. */
const CLIENT_MS = 10_000
/** So far apart requests come: some meet connections that have been silent for long, some one that was idle so far. */
const APART_MS = 30

interface Reply {
  readonly name: string
  readonly status: number
  readonly retryAfter: string | null
}

async function send(base: string, operation: Operation, owner: Owner): Promise<Reply> {
  const { name, method, contentType } = operation
  const body = operation.body()
  const form = contentType === 'multipart/form-data'
  const payload = form ? formOfOneFile() : body === undefined ? null : JSON.stringify(body)
  const response = await fetch(base + operation.url(owner.ids), {
    method,
    redirect: 'manual',
    headers: {
      ...owner.credentialFor(operation),
      ...(payload && !form ? { 'content-type': contentType ?? 'application/json' } : {}),
    },
    body: payload,
    signal: AbortSignal.timeout(CLIENT_MS),
  })
  if (operation.streams && response.status === 200) await response.body?.cancel()
  else await response.arrayBuffer()
  return { name, status: response.status, retryAfter: response.headers.get('retry-after') }
}

function formOfOneFile(): FormData {
  const form = new FormData()
  form.append('file', new Blob(['email,name\none@sample.example,One\n'], { type: 'text/csv' }), 'people.csv')
  return form
}

async function sendAll(server: TestApp, operations: readonly Operation[], owner: Owner): Promise<Reply[]> {
  const base = await server.listen()
  const replies = operations.map(async (operation, index) => {
    await delay(index * APART_MS)
    return send(base, operation, owner).catch((error: unknown) => ({
      name: `${operation.name}: ${error}`,
      status: 0,
      retryAfter: null,
    }))
  })
  return Promise.all(replies)
}

for (const [what, set] of silentScenes) {
  t.test(`while ${what} no route keeps a client waiting`, async (t) => {
    const { server, silence, endSilence } = await set(t)
    const owner = await makeOwner(server)
    const operations = operationsOf(server.app)
    await server.listen()
    silence()
    const replies = [
      ...(await sendAll(server, operations, owner)),
      // The other way round, with the lease over: nothing is answered from memory any more.
      ...(await sendAll(server, operations.toReversed(), owner)),
    ]
    t.same(
      replies.filter(({ status }) => status === 0 || status === 500 || status === 429),
      [],
      'every request has an answer before its client gives up, and none blames the server’s code',
    )
    const refused = replies.filter(({ status }) => status === 503)
    t.ok(refused.length > operations.length, `${refused.length} of ${replies.length} were told to come back`)
    t.same(
      refused.filter(({ retryAfter }) => !/^\d+$/.test(retryAfter ?? '')),
      [],
      'each with Retry-After',
    )
    const credential = operations.filter(({ access }) => access !== 'public').map(({ name }) => name)
    const late = replies.slice(operations.length)
    t.same(
      late.filter(({ name, status }) => credential.includes(name) && status !== 503 && status !== 400),
      [],
      'no credential is accepted from memory once the lease is over',
    )

    endSilence()
    await until(async () => (await server.call('GET', '/readyz')).status === 200, 'the server to be ready')
    await until(
      async () => (await server.call('GET', '/api/whoami', { headers: owner.tenant.auth })).status === 200,
      'whoami to be answered',
    )
  })
}
