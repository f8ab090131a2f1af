import Type from 'typebox'
import { signalEvents } from '../../db/event-signal.ts'
import { findEvent, listWanting } from '../../db/queries/events.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Replayed } from '../../schemas/webhooks.ts'
import { writeOperation } from '../core/operation.ts'
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
    const [event] = await findEvent(tx, organizationId, id)
    if (!event) throw notFound('Event')
    const wanting = (await listWanting(tx, organizationId, event.type)).map((webhook) => webhook.id)
    const queued = await queue(tx, organizationId, id, wanting)
    await signalEvents(tx, organizationId)
    return { deliveries: queued.length }
  },
})
