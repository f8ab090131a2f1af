import Type from 'typebox'
import { findEvent } from '../../db/queries/events.ts'
import { notFound } from '../../schemas/errors.ts'
import { Event } from '../../schemas/events.ts'
import { Id } from '../../schemas/ids.ts'
import { readOperation } from '../core/operation.ts'

/** Shows one event. */
export const getEvent = readOperation({
  name: 'events.get',
  summary: 'Get an event',
  description: 'Shows one event as your webhooks received it.',
  access: 'webhooks:read',
  input: Type.Object({ id: Id('evt') }),
  output: Event,
  async run({ read, organizationId }, { id }) {
    const [row] = await read((tx) => findEvent(tx, organizationId, id))
    if (!row) throw notFound('Event')
    return row
  },
})
