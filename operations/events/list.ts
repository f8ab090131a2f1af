import Type from 'typebox'
import { listEvents as selectEvents } from '../../db/queries/events.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Event, EventTypeSchema } from '../../schemas/events.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'

/** Lists events, newest first. */
export const listEvents = readOperation({
  name: 'events.list',
  summary: 'List events',
  description: 'Lists what happened in the last 30 days, newest first, of every type or of one.',
  access: 'webhooks:read',
  input: Strict({ ...pageQuery, type: Type.Optional(EventTypeSchema) }),
  output: Page('events', Event),
  example: { limit: 20, type: 'campaign.created' },
  async run({ read, organizationId }, { type = null, ...query }) {
    const page = readPage(query, 'evt')
    const rows = await read((tx) => selectEvents(tx, organizationId, page, type))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { events: items, nextCursor }
  },
})
