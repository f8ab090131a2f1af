import Type from 'typebox'
import { listAudit } from '../db/queries/audit.ts'
import { presentAudit } from '../operations/audit/present.ts'
import { actorOf } from '../plugins/access.ts'
import { AuditRecord } from '../schemas/audit.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { badRequest } from '../schemas/errors.ts'
import { InstantText, Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const Id = Type.String({ minLength: 1, maxLength: 100 })

/** The audit log. */
export async function auditRoutes(app: Api): Promise<void> {
  app.get(
    '/audit',
    {
      config: { access: 'logs:read' },
      schema: {
        tags: ['Logs'],
        operationId: 'listAudit',
        summary: 'List who changed what, newest first',
        querystring: Strict({
          ...pageQuery,
          action: Type.Optional(Type.String({ pattern: '^[a-z_]+\\.[a-z_]+$', maxLength: 100 })),
          target: Type.Optional(Id),
          actor: Type.Optional(Id),
          from: Type.Optional(InstantText()),
          to: Type.Optional(InstantText()),
        }),
        response: answers({ 200: Page('audit', AuditRecord) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { action, target, actor, from, to } = request.query
      const page = readPage(request.query, 'aud')
      const { id } = actorOf(request).organization
      if (from && to && Date.parse(from) >= Date.parse(to)) {
        throw badRequest('querystring.from', 'must be before to')
      }
      const rows = await app.tenancy.read(id, (tx) =>
        listAudit(tx, id, page, {
          action: action ?? null,
          target: target ?? null,
          actor: actor ?? null,
          from: from ? new Date(from) : null,
          to: to ? new Date(to) : null,
        }),
      )
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { audit: items.map(presentAudit), nextCursor }
    },
  )
}
