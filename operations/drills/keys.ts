import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Drill, DrillTools, Report } from './drill.ts'

const LIFE_MS = 1500
const MARGIN_MS = 100
const LIMIT = 3
const MOST_REQUESTS = 10

/** A key that expires while it is in use. */
export const keyExpiry: Drill = {
  access: 'keys:write',
  async run(tools, report) {
    const end = Date.now() + LIFE_MS
    const expiresAt = new Date(end + (await tools.clockAheadMs())).toISOString()
    await withKey(tools, report, { expiresAt }, async ({ id, key }) => {
      report.status('A request with it before that', 200, await whoami(tools, key))
      await delay(Math.max(0, end + MARGIN_MS - Date.now()))
      report.status('A request with it after that', 401, await whoami(tools, key))
      const { body } = await tools.ask('GET', `/api/keys/${id}`)
      report.note('The key’s status', 'expired', String(body.status), body.status === 'expired')
    })
  },
}

/** A key that somebody finds in public. */
export const keyLeak: Drill = {
  access: 'keys:write',
  async run(tools, report) {
    const { body: settings } = await tools.ask('GET', '/api/organization')
    const kept = settings.leakedKeys === 'report'
    await withKey(tools, report, {}, async ({ id, key }) => {
      report.status('A request with it', 200, await whoami(tools, key))
      await tools.reportLeak(key)
      const after = kept ? 200 : 401
      const wish = kept ? 'only told of, as the organization wants' : 'revoked'
      report.status(
        `A request with it once a partner has reported it: it is ${wish}`,
        after,
        await whoami(tools, key),
      )
      const { body } = await tools.ask('GET', `/api/keys/${id}`)
      const expected = kept ? 'active' : 'revoked'
      report.note('The key’s status', expected, String(body.status), body.status === expected)
    })
  },
}

/** A key that is replaced while it is in use. */
export const rotation: Drill = {
  access: 'keys:write',
  async run(tools, report) {
    await withKey(tools, report, {}, async ({ id, key }) => {
      const rotated = await tools.ask('POST', `/api/keys/${id}/rotate`, { body: { graceHours: 1 } })
      if (!report.status('Replace it, with an hour of grace', 201, rotated)) return
      const successor = String(rotated.body.key)
      const old = await whoami(tools, key)
      report.status('A request with the old key', 200, old)
      const told = ['deprecation', 'sunset'].filter((name) => old.headers[name] !== undefined)
      report.note(
        'What its holder is told',
        'deprecation, sunset',
        told.join(', ') || 'nothing',
        told.length === 2,
      )
      report.status('A request with its successor', 200, await whoami(tools, successor))
      report.status('Finish early', 200, await tools.ask('POST', `/api/keys/${id}/rotation/finish`))
      report.status('A request with the old key', 401, await whoami(tools, key))
      report.status('A request with its successor', 200, await whoami(tools, successor))
      await tools.ask('DELETE', `/api/keys/${String(rotated.body.id)}`, { body: { reason: 'drill' } })
    })
  },
}

/** A key that asks more often than it may. */
export const rateLimit: Drill = {
  access: 'keys:write',
  async run(tools, report) {
    await withKey(tools, report, { rateLimitPerMinute: LIMIT }, async ({ key }) => {
      let good = 0
      let last = await whoami(tools, key)
      while (last.status === 200 && good < MOST_REQUESTS) {
        good += 1
        last = await whoami(tools, key)
      }
      report.note(
        `Requests that a key of ${LIMIT} a minute gets through`,
        String(LIMIT),
        String(good),
        good === LIMIT,
      )
      report.status('The next one', 429, last)
      const { 'retry-after': retryAfter, 'x-ratelimit-limit': limit } = last.headers
      report.note(
        'Retry-After',
        'seconds to wait, 60 at most',
        String(retryAfter ?? 'none'),
        Number(retryAfter) > 0 && Number(retryAfter) <= 60,
      )
      report.note('x-ratelimit-limit', String(LIMIT), String(limit ?? 'none'), Number(limit) === LIMIT)
      report.status('A request with your own credential', 200, await tools.ask('GET', '/api/whoami'))
    })
  },
}

function whoami(tools: DrillTools, key: string): Promise<Answer> {
  return tools.ask('GET', '/api/whoami', { credential: { bearer: key } })
}

/** Makes a key for the drill, and revokes it whatever comes of it. */
async function withKey(
  tools: DrillTools,
  report: Report,
  facts: Record<string, unknown>,
  work: (made: { id: string; key: string }) => Promise<void>,
): Promise<void> {
  const body = { name: 'A drill’s own key', scopes: ['keys:read'], ...facts }
  const made = await tools.ask('POST', '/api/keys', { body })
  const what = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`)
  if (!report.status(['Make a key', ...what].join(', '), 201, made)) return
  const id = String(made.body.id)
  try {
    await work({ id, key: String(made.body.key) })
  } finally {
    await tools.ask('DELETE', `/api/keys/${id}`, { body: { reason: 'drill' } })
  }
}
