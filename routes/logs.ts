import Type from 'typebox'
import { type AccessRecord, listAccessRecords } from '../db/queries/access-log.ts'
import { findRecord } from '../operations/access-log/find.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { badRequest } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Instant, InstantText, Nullable, Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { explainReason } from '../schemas/reasons.ts'
import { type Api, answers } from './api.ts'

const LogRecord = Type.Object(
  {
    id: Id('req'),
    requestId: Id('req'),
    at: Instant(),
    method: Type.String(),
    path: Type.String(),
    status: Type.Integer(),
    durationMs: Type.Number(),
    ip: Type.String(),
    userAgent: Nullable(Type.String()),
    credentialType: Nullable(Type.String()),
    keyId: Nullable(Type.String()),
    keyHash: Nullable(Type.String({ description: 'SHA-256 of the presented key' })),
    userId: Nullable(Type.String()),
    reason: Nullable(
      Type.String({
        description: 'Why a request was refused',
        examples: ['key_expired', 'scope_missing:keys:write'],
      }),
    ),
    notice: Nullable(
      Type.Enum(['key.rotation_due'], { description: 'What its owner should know of the key' }),
    ),
  },
  { title: 'LogRecord' },
)

const ExplainedRecord = Type.Object(
  { ...LogRecord.properties, explanation: Type.String({ description: 'The reason, for people' }) },
  { title: 'ExplainedLogRecord' },
)

/** The access log. */
export async function logRoutes(app: Api): Promise<void> {
  app.get(
    '/logs',
    {
      config: { access: 'logs:read' },
      schema: {
        tags: ['Logs'],
        operationId: 'listLogs',
        summary: 'List requests, newest first',
        description:
          'Every request whose credential was accepted, and the refused ones up to a limit a minute. Past that limit ' +
          'refused requests are counted only: `failedAttempts` of a key counts all of them.',
        querystring: Strict({
          ...pageQuery,
          keyId: Type.Optional(Id('key')),
          status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
          path: Type.Optional(Type.String({ maxLength: 500 })),
          from: Type.Optional(InstantText()),
          to: Type.Optional(InstantText()),
        }),
        response: answers({ 200: Page('logs', LogRecord) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { keyId, status, path, from, to } = request.query
      const page = readPage(request.query, 'req')
      const { id } = actorOf(request).organization
      if (from && to && Date.parse(from) >= Date.parse(to))
        throw badRequest('querystring.from', 'must be before to')
      const filter = {
        keyId,
        status,
        path,
        from: from === undefined ? undefined : Date.parse(from),
        to: to === undefined ? undefined : Date.parse(to),
      }
      const rows = await app.tenancy.read(id, (tx) => listAccessRecords(tx, id, page, filter))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { logs: items.map(presentRecord), nextCursor }
    },
  )

  app.get(
    '/logs/:requestId',
    {
      config: { access: 'logs:read' },
      schema: {
        tags: ['Logs'],
        operationId: 'explainRequest',
        summary: 'One request of the organization, and why it was refused',
        params: Type.Object({ requestId: Id('req') }),
        response: answers({ 200: ExplainedRecord }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const record = await findRecord(app.tenancy, app.accessLog, id, request.params.requestId)
      return { ...presentRecord(record), explanation: explainReason(record.reason, record.status) }
    },
  )
}

/** A record as the API shows it. */
export function presentRecord({ organizationId, access, ...record }: AccessRecord) {
  return { ...record, requestId: record.id, notice: record.notice as 'key.rotation_due' | null }
}
