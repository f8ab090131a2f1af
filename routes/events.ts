import { getEvent } from '../operations/events/get.ts'
import { listEvents } from '../operations/events/list.ts'
import { replayEvent } from '../operations/events/replay.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** What happened in the organization. */
export async function eventRoutes(app: Api): Promise<void> {
  rest(app, 'GET /events', listEvents)
  rest(app, 'GET /events/:id', getEvent)
  rest(app, 'POST /events/:id/replay', replayEvent, { status: 202 })
}
