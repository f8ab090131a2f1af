import Type from 'typebox'
import { signalEvents } from '../../db/event-signal.ts'
import { findEvent, lockWanting } from '../../db/queries/events.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Replayed } from '../../schemas/webhooks.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { queue } from './emit.ts'

/** Sends an event once more to every webhook that wants it now. */
export const replayEvent = writeOperation({
  name: 'events.replay',
  summary: 'Send an event again',
  description: 'Sends the event once more to every enabled webhook that subscribes to its type now.',
  access: 'webhooks:write',
  input: Type.Object({ id: Id('evt') }),
  output: Replayed,
  async run({ tx, organizationId }, { id }) {
    const event = await found({ tx, organizationId }, id)
    const wanting = await lockWanting(tx, organizationId, event.type)
    // A reset that held the webhooks has deleted it.
    await found({ tx, organizationId }, id)
    const webhookIds = wanting.map((webhook) => webhook.id)
    const queued = await queue(tx, organizationId, id, webhookIds)
    await signalEvents(tx, organizationId)
    return { deliveries: queued.length }
  },
})

async function found({ tx, organizationId }: Pick<WriteContext, 'tx' | 'organizationId'>, id: string) {
  const [event] = await findEvent(tx, organizationId, id)
  if (!event) throw notFound('Event')
  return event
}
