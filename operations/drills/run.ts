import { listMemberships } from '../../db/queries/accounts.ts'
import { findClock } from '../../db/queries/clock.ts'
import { listOwners } from '../../db/queries/members.ts'
import { allows } from '../../schemas/access.ts'
import { DrillOrder, DrillReport } from '../../schemas/drills.ts'
import { ApiError } from '../../schemas/errors.ts'
import { needsScope } from '../core/access.ts'
import { type ReadContext, writeOperation } from '../core/operation.ts'
import { handleLeaks } from '../keys/leaks.ts'
import { openSession } from '../sessions/open.ts'
import type { Sender } from '../webhooks/send.ts'
import { type Ask, type DrillTools, type Receiver, Report } from './drill.ts'
import { drilledReceiver } from './receiver.ts'
import { drills } from './registry.ts'

declare module '../core/operation.ts' {
  interface Origin {
    /** What drills work with. Only the REST API has it, because drills call that API. */
    readonly drills?: { readonly ask: Ask; readonly sender: Sender }
  }
}

/**
 * Runs a drill. Its steps are calls of this API and of the caller's receiver, so that it holds no connection and no lock
 * while it runs: all of them happen in `prepare`.
 */
export const runDrill = writeOperation({
  name: 'sandbox.runDrill',
  summary: 'Run a drill',
  description:
    'Exercises one situation on your own organization, such as a rotated key or a lost refresh, and reports for each ' +
    'step what was expected and what was seen. Drills of keys and sessions create their own and end them. Drills of ' +
    'webhooks send to the receiver of `webhookId`, or of the newest enabled webhook. Each drill needs the scope that ' +
    'its steps need.',
  access: 'authenticated',
  errors: [404],
  input: DrillOrder,
  output: DrillReport,
  example: { drill: 'rotation' },
  async prepare(context, { drill: name, webhookId = null }) {
    const { actor, organizationId, services } = context
    const drill = drills[name]
    if (!allows(actor.scopes, drill.access)) throw needsScope(drill.access)
    const { ask, sender } = doorOf(context)
    const startedAt = new Date()
    const receiver = drill.needsReceiver
      ? await services.tenancy.write(organizationId, (tx) =>
          drilledReceiver(tx, organizationId, sender, services.encryptionKey, webhookId),
        )
      : noReceiver
    const report = new Report()
    await drill.run(toolsFor(context, ask, receiver), report)
    const { steps } = report
    return { drill: name, passed: steps.every(({ ok }) => ok), steps, startedAt, finishedAt: new Date() }
  },
  run: async (_context, _input, report) => report,
})

function doorOf({ origin }: ReadContext) {
  if (origin.drills) return origin.drills
  throw new ApiError('BAD_REQUEST', 'Drills call the REST API: run them with POST /api/sandbox/drills')
}

function toolsFor(context: ReadContext, ask: Ask, receiver: Receiver): DrillTools {
  const { services, origin, organizationId, actor, read } = context
  return {
    ask,
    receiver,
    async reportLeak(key) {
      const report = { token: key, type: 'anteroom_api_key', source: 'drill' }
      await handleLeaks({ services, origin, mails: false }, [report])
    },
    async openSession() {
      const { database, config } = services
      const userId = actor.user?.id ?? (await read((tx) => listOwners(tx, organizationId)))[0]?.id ?? ''
      const memberships = await listMemberships(database, userId)
      const member = memberships.find((membership) => membership.organizationId === organizationId)
      if (!member) throw new ApiError('CONFLICT', 'The organization has no member to open a session for')
      const from = { ip: origin.ip, userAgent: 'a drill' }
      return (await openSession(database, config, member, from)).login.refreshToken
    },
    async clockAheadMs() {
      const [clock] = await read((tx) => findClock(tx, organizationId))
      return (clock?.offsetSeconds ?? 0) * 1000
    },
  }
}

const noReceiver: Receiver = {
  url: '',
  send: () => Promise.reject(new Error('this drill has no receiver')),
}
