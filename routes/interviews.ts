import Type from 'typebox'
import { findInterview, listInterviews } from '../db/queries/interviews.ts'
import { presentInterview } from '../operations/interviews/present.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Interview, interviewFilters } from '../schemas/interviews.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

/** Interviews, as the organization sees them. */
export async function interviewRoutes(app: Api): Promise<void> {
  const { tenancy, showFile } = app

  app.get(
    '/interviews',
    {
      config: { access: 'interviews:read' },
      schema: {
        tags: ['Interviews'],
        operationId: 'listInterviews',
        summary: 'List interviews with their answers, newest first',
        querystring: Strict({ ...pageQuery, ...interviewFilters }),
        response: answers({ 200: Page('interviews', Interview) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { status = null, campaignId = null, candidateId = null, inviteId = null, email } = request.query
      const page = readPage(request.query, 'int')
      const { id } = actorOf(request).organization
      const filter = { status, campaignId, candidateId, inviteId, email: email?.toLowerCase() ?? null }
      const rows = await tenancy.read(id, (tx) => listInterviews(tx, id, page, filter))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { interviews: items.map((row) => presentInterview(row, showFile)), nextCursor }
    },
  )

  app.get(
    '/interviews/:id',
    {
      config: { access: 'interviews:read' },
      schema: {
        tags: ['Interviews'],
        operationId: 'getInterview',
        summary: 'One interview with its answers',
        params: Type.Object({ id: Id('int') }),
        response: answers({ 200: Interview }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const [row] = await tenancy.read(id, (tx) => findInterview(tx, id, request.params.id))
      if (!row) throw notFound('Interview')
      return presentInterview(row, showFile)
    },
  )
}
