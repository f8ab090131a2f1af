import t from 'tap'
import { onDeadlock } from '../../db/deadlocks.ts'
import type { Answer, Tenant } from '../support/app.ts'
import { browserOf, openDesk } from '../support/interviews.ts'
import { bearer, mailingApp } from '../support/people.ts'

const ROUNDS = 8
const AT_ONCE = 16
const allowed = [200, 201, 202, 204, 401, 403, 404, 409]

const server = await mailingApp(t)
const { call, tenant, join } = server

/** Sends the calls, some of them at once. @returns how many deadlocks PostgreSQL resolved meanwhile, and the answers */
async function storm(calls: (() => Promise<Answer>)[]): Promise<{ deadlocks: number; answers: Answer[] }> {
  let deadlocks = 0
  const end = onDeadlock(() => {
    deadlocks += 1
  })
  const answers: Answer[] = []
  const left = calls.values()
  const sendLeft = async () => {
    for (const send of left) answers.push(await send())
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendLeft)).finally(end)
  return { deadlocks, answers }
}

/** The errors that no caller should get here. A busy machine may refuse work that waits for the database. */
function wrong(answers: readonly Answer[]) {
  const errors = answers.filter(({ status }) => !allowed.includes(status)).map(({ body }) => body.error)
  return errors.filter(({ reason }) => reason !== 'overloaded')
}

async function createKey(person: Pick<Tenant, 'accessToken'>, name: string) {
  const { body } = await call('POST', '/api/keys', { headers: bearer(person.accessToken), body: { name } })
  return body as { id: string; key: string }
}

// A key alone, a user alone and a key beside its user lock different rows of the same credentials.
t.test('writes and operations that change their credentials never wait in a circle', async (t) => {
  const owner = await tenant()
  const admins = await Promise.all([join(owner, 'admin'), join(owner, 'admin')])
  const people = [owner, ...admins]
  const keys = await Promise.all(people.map((person, index) => createKey(person, `key ${index}`)))
  const credentials = people.flatMap((person, index) => {
    const key = keys[index]?.key ?? ''
    return [bearer(key), bearer(person.accessToken), { 'x-api-key': key, ...bearer(person.accessToken) }]
  })
  const calls: (() => Promise<Answer>)[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, headers] of credentials.entries()) {
      const person = people[round % people.length]
      const key = keys[(round + 1) % keys.length]
      // On its own, a session does not reach campaigns.
      const write = 'x-api-key' in headers || index % 3 === 0 ? '/api/campaigns' : '/api/keys'
      calls.push(
        () => call('POST', write, { headers, body: { name: `Name ${round}` } }),
        () => call('PATCH', `/api/keys/${key?.id}`, { headers, body: { name: `Name ${round}` } }),
        () => call('PATCH', `/api/members/${person?.userId}`, { headers, body: { role: 'admin' } }),
        () => call('POST', '/api/keys', { headers, body: { name: 'One more key' } }),
      )
    }
  }
  calls.push(
    () => call('DELETE', '/api/keys/self', { headers: bearer(keys[1]?.key ?? '') }),
    () => call('DELETE', `/api/members/${admins[1]?.userId}`, { headers: bearer(owner.accessToken) }),
    () => call('POST', `/api/keys/${keys[2]?.id}/rotate`, { headers: bearer(owner.accessToken), body: {} }),
    () =>
      call('DELETE', '/api/me', {
        headers: bearer(admins[0]?.accessToken ?? ''),
        body: { password: admins[0]?.password },
      }),
  )
  const { deadlocks, answers } = await storm(calls)
  t.strictSame(wrong(answers), [])
  t.equal(deadlocks, 0)
})

t.test('candidates and those who end their interviews never wait in a circle', async (t) => {
  const desk = await openDesk(server)
  const campaign = await desk.campaign()
  const calls: (() => Promise<Answer>)[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const invite = await desk.invite(campaign.id, {})
    const { body } = await desk.exchange(invite.token)
    const browser = browserOf(server, body.sessionToken)
    calls.push(
      () => browser('PUT', '/interview/answers/why', { text: 'An answer' }),
      () =>
        desk.ask('POST', `/api/sandbox/interviews/${body.interview.id}/simulate`, { outcome: 'abandoned' }),
      () => browser('POST', '/interview/pause'),
      () => desk.ask('POST', `/api/invites/${invite.id}/resend`),
      () => browser('POST', '/interview/resume'),
      () => desk.ask('POST', `/api/invites/${invite.id}/cancel`),
      () => browser('POST', '/interview/complete'),
      () => desk.exchange(invite.token),
      () => browser('POST', '/interview/complete'),
    )
  }
  const { deadlocks, answers } = await storm(calls)
  t.strictSame(wrong(answers), [])
  t.equal(deadlocks, 0)
})
