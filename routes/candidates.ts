import Type from 'typebox'
import { listCandidates } from '../db/queries/candidates.ts'
import {
  createCandidate,
  getCandidate,
  patchCandidate,
  presentCandidate,
} from '../operations/candidates/candidates.ts'
import { eraseCandidate } from '../operations/candidates/erase.ts'
import { wordsToFind } from '../operations/candidates/search.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { Candidate, CandidateCreate, CandidatePatch, candidateFilters } from '../schemas/candidates.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers, noContent } from './api.ts'

const params = Type.Object({ id: Id('cnd') })

/** Candidates. */
export async function candidateRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.post(
    '/candidates',
    {
      config: { access: 'candidates:write' },
      schema: {
        tags: ['Candidates'],
        operationId: 'createCandidate',
        summary: 'Make a candidate',
        body: CandidateCreate,
        response: answers({ 201: Candidate }, 400, 401, 403, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx, organizationId) =>
        createCandidate(tx, organizationId, request.body),
      ),
  )

  app.get(
    '/candidates',
    {
      config: { access: 'candidates:read' },
      schema: {
        tags: ['Candidates'],
        operationId: 'listCandidates',
        summary: 'List or search candidates, newest first',
        querystring: Strict({ ...pageQuery, ...candidateFilters }),
        response: answers({ 200: Page('candidates', Candidate) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { email, externalId = null, campaignId = null, q } = request.query
      const page = readPage(request.query, 'cnd')
      const words = q === undefined ? [] : wordsToFind(q)
      if (q !== undefined && words.length === 0) return { candidates: [], nextCursor: null }
      const { id } = actorOf(request).organization
      const filter = { email: email?.toLowerCase() ?? null, externalId, campaignId, words }
      const rows = await tenancy.read(id, (tx) => listCandidates(tx, id, page, filter))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { candidates: items.map(presentCandidate), nextCursor }
    },
  )

  app.get(
    '/candidates/:id',
    {
      config: { access: 'candidates:read' },
      schema: {
        tags: ['Candidates'],
        operationId: 'getCandidate',
        summary: 'One candidate',
        params,
        response: answers({ 200: Candidate }, 400, 401, 403, 404, 429),
      },
    },
    (request) => getCandidate(tenancy, actorOf(request).organization.id, request.params.id),
  )

  app.patch(
    '/candidates/:id',
    {
      config: { access: 'candidates:write' },
      schema: {
        tags: ['Candidates'],
        operationId: 'patchCandidate',
        summary: 'Change a candidate',
        params,
        body: CandidatePatch,
        response: answers({ 200: Candidate }, 400, 401, 403, 404, 409, 429),
      },
    },
    (request, reply) => {
      const { id } = actorOf(request).organization
      return app.writeAs(request, reply, (tx) => patchCandidate(tx, id, request.params.id, request.body))
    },
  )

  app.delete(
    '/candidates/:id',
    {
      config: { access: 'candidates:write' },
      schema: {
        tags: ['Candidates'],
        operationId: 'eraseCandidate',
        summary: 'Erase a candidate, with answers and files; the campaigns’ counts stay',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const context = auditContextOf(request)
      await app.writeAs(request, reply, (tx) =>
        eraseCandidate(tx, context, request.params.id, app.publicUrl()),
      )
      await removeBytesSoon(app.files)
      return reply.code(204).send(null)
    },
  )
}
