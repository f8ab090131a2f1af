import { advanceClock as addToClock, findClock, resetClock as zeroClock } from '../../db/queries/clock.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { Strict } from '../../schemas/primitives.ts'
import { Clock, ClockAdvance } from '../../schemas/sandbox.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { letExpire } from './expire.ts'

/** Ten years, so that you can also try what is kept for a long time. */
const FURTHEST_SECONDS = 10 * 366 * 86_400

/** Moves the organization's time ahead. */
export const advanceClock = writeOperation({
  name: 'sandbox.advanceClock',
  summary: "Move the organization's time ahead",
  description:
    'Moves the clock of your organization ahead, by up to ten years in all, to try out what happens with time. ' +
    'Invites, interviews, keys and recordings that are due expire at once, with their events, and webhook deliveries ' +
    'that wait until then are sent. Other organizations notice nothing.',
  access: 'organization:write',
  input: ClockAdvance,
  output: Clock,
  example: { advanceSeconds: 86_400 },
  async run(context, { advanceSeconds }) {
    const { tx, organizationId, audit, afterCommit } = context
    const [moved] = await addToClock(tx, organizationId, advanceSeconds, FURTHEST_SECONDS)
    if (!moved) {
      throw badRequest('body.advanceSeconds', 'leads more than ten years ahead: reset the clock first')
    }
    audit({
      action: 'sandbox.clock_moved',
      targetType: 'organization',
      targetId: organizationId,
      changes: { advanceSeconds },
    })
    afterCommit(() => letExpire(context))
    return changedClock(context)
  },
})

/** Sets the organization's time back to the real time. */
export const resetClock = writeOperation({
  name: 'sandbox.resetClock',
  summary: "Set the organization's time back to the real time",
  description: 'Sets the clock of your organization back to the real time. What has expired stays expired.',
  access: 'organization:write',
  input: Strict({}),
  output: Clock,
  async run(context) {
    const { tx, organizationId, audit } = context
    await zeroClock(tx, organizationId)
    audit({ action: 'sandbox.clock_reset', targetType: 'organization', targetId: organizationId })
    return changedClock(context)
  },
})

/** The new time. Instances have cached by the old clock how long a key is valid. */
async function changedClock({ tx, organizationId, invalidate }: WriteContext): Promise<Clock> {
  invalidate(`organization:${organizationId}`)
  const [clock] = await findClock(tx, organizationId)
  if (!clock) throw notFound('Organization')
  return clock
}
