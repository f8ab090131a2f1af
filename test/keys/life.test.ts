import fc from 'fast-check'
import t from 'tap'
import { type KeyAct, type KeyStatus, keyLife } from '../../operations/keys/states.ts'
import { type Body, type Tenant, type TestApp, testApp } from '../support/app.ts'

t.setTimeout(120_000)

/** What a test believes of a key. */
interface Believed {
  id: string
  key: string
  status: KeyStatus
  replacedBy: string | null
}

/** One step: something that is done to a key, or time that passes for it. */
interface Step {
  act: KeyAct | 'rotateNow' | 'graceEnds' | 'expires'
  /** Which of the keys there are by then. */
  of: number
}

const server = await testApp(t)

const step = fc.record<Step>({
  act: fc.constantFrom(
    'patch',
    'rotate',
    'rotate',
    'rotateNow',
    'finish',
    'undo',
    'revoke',
    'graceEnds',
    'expires',
  ),
  of: fc.nat({ max: 5 }),
})

t.test('any sequence of acts leaves every key as the table of its life says', async () => {
  const tenant = await server.tenant()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const keys = [await firstKey(server, tenant)]
      for (const { act, of } of steps) {
        const key = keys[of % keys.length] as Believed
        await take(server, tenant, keys, key, act)
        await compare(server, tenant, keys)
      }
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

t.test('undoing waits for the successor’s own rotation to be undone', async (t) => {
  const tenant = await server.tenant()
  const keys = [await firstKey(server, tenant)]
  for (const [of, act] of [
    [0, 'rotate'],
    [1, 'rotate'],
    [0, 'undo'],
    [1, 'undo'],
    [0, 'undo'],
  ] as const) {
    await take(server, tenant, keys, keys[of] as Believed, act)
    await compare(server, tenant, keys)
  }
  t.strictSame(
    keys.map(({ status }) => status),
    ['active', 'revoked', 'revoked'],
  )
})

async function firstKey({ call }: TestApp, { auth }: Tenant): Promise<Believed> {
  const { body } = await call('POST', '/api/keys', { headers: auth, body: { name: 'First' } })
  return { id: body.id, key: body.key, status: 'active', replacedBy: null }
}

/** Does a step, expects the answer that the table tells, and believes what follows from it. */
async function take(server: TestApp, tenant: Tenant, keys: Believed[], key: Believed, act: Step['act']) {
  if (act === 'graceEnds' || act === 'expires') return pass(server, key, act)
  const outcome = keyLife[key.status][act === 'rotateNow' ? 'rotate' : act]
  const answer = await send(server, tenant, key.id, act)
  const successor = keys.find(({ id }) => id === key.replacedBy)
  const blocked = act === 'undo' && successor?.replacedBy != null && successor.status !== 'revoked'
  if (typeof outcome === 'object' || blocked) {
    if (answer.status === 409) return
    throw new Error(`${act} of a key that is ${key.status} answered ${answer.status}`)
  }
  if (answer.status >= 300) throw new Error(`${act} answered ${answer.status} ${JSON.stringify(answer.body)}`)
  key.status = outcome
  if (act === 'rotate' || act === 'rotateNow') {
    if (act === 'rotateNow') key.status = 'expired'
    key.replacedBy = answer.body.id
    keys.push({ id: answer.body.id, key: answer.body.key, status: 'active', replacedBy: null })
  }
  if (act === 'undo') {
    key.replacedBy = null
    if (successor) successor.status = 'revoked'
  }
}

function send(
  { call }: TestApp,
  { auth }: Tenant,
  id: string,
  act: Exclude<Step['act'], 'graceEnds' | 'expires'>,
) {
  const ways = {
    patch: () => call('PATCH', `/api/keys/${id}`, { headers: auth, body: { name: 'Renamed' } }),
    rotate: () => call('POST', `/api/keys/${id}/rotate`, { headers: auth }),
    rotateNow: () => call('POST', `/api/keys/${id}/rotate`, { headers: auth, body: { graceHours: 0 } }),
    finish: () => call('POST', `/api/keys/${id}/rotation/finish`, { headers: auth }),
    undo: () => call('POST', `/api/keys/${id}/rotation/undo`, { headers: auth }),
    revoke: () => call('DELETE', `/api/keys/${id}`, { headers: auth }),
  }
  return ways[act]()
}

/** Lets the time come that a key's grace, or its own life, was given. */
async function pass({ app }: TestApp, key: Believed, act: 'graceEnds' | 'expires') {
  if (act === 'graceEnds') {
    if (key.status !== 'retiring') return
    await app.database`update keys set retires_at = now() - interval '1 second' where id = ${key.id}`
  } else {
    await app.database`update keys set expires_at = now() - interval '1 second' where id = ${key.id}`
  }
  app.verifier.invalidate(`key:${key.id}`)
  if (key.status !== 'revoked') key.status = 'expired'
}

/** What the API shows of every key, and whether it lets it in, is what is believed. */
async function compare({ call }: TestApp, { auth }: Tenant, keys: readonly Believed[]) {
  for (const { id, key, status, replacedBy } of keys) {
    const shown: Body = (await call('GET', `/api/keys/${id}`, { headers: auth })).body
    if (shown.status !== status || shown.replacedBy !== replacedBy) {
      throw new Error(`believed ${status} ${replacedBy}, shown ${shown.status} ${shown.replacedBy}`)
    }
    const used = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}` } })
    const expected = status === 'active' || status === 'retiring' ? 200 : 401
    if (used.status !== expected) throw new Error(`a key that is ${status} got ${used.status}`)
    if ((used.headers.sunset !== undefined) !== (status === 'retiring')) {
      throw new Error(`a key that is ${status} got sunset ${used.headers.sunset}`)
    }
  }
}
