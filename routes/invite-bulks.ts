import { createHash } from 'node:crypto'
import Type from 'typebox'
import { type BulkOptions, inviteRows } from '../operations/invites/bulk.ts'
import { getBulk, presentResults, queueBulk } from '../operations/invites/bulk-job.ts'
import { lockActiveCampaign } from '../operations/invites/invites.ts'
import { actorOf } from '../plugins/access.ts'
import { readForm } from '../plugins/read-form.ts'
import { Bulk, BulkResults } from '../schemas/bulk.ts'
import { badRequest } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { type Api, answers } from './api.ts'

/** So many rows are done while the caller waits. */
const AT_ONCE = 100
const FILE_BYTES = 1024 * 1024

/** Invites from a CSV file. */
export async function inviteBulkRoutes(app: Api): Promise<void> {
  app.post(
    '/campaigns/:id/invites/bulk',
    {
      config: { access: 'invites:write', upload: true },
      schema: {
        tags: ['Invites'],
        operationId: 'createInvites',
        summary: 'Invite the candidates of a CSV file',
        description:
          'The field `file` is CSV, as spreadsheets and applicant tracking systems export it: commas, semicolons or ' +
          'tabs, in UTF-8, UTF-16 or Windows-1252, with a header that names `email` and `name` (or first and last ' +
          'name), at most 1,000 rows and 1 MiB. ' +
          'You can add the fields `sendEmail` (`true` unless this server sends none) and `expiresInHours`. Up to 100 ' +
          'rows are done at once (200). A job does more (202); `GET /api/invites/bulk/{id}` shows its progress.',
        params: Type.Object({ id: Id('cmp') }),
        response: answers({ 200: BulkResults, 202: Bulk }, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
      },
    },
    async (request, reply) => {
      const { file, fields } = await readForm(request, FILE_BYTES, ['sendEmail', 'expiresInHours'])
      const options = readOptions(fields, app.mailer.possible)
      if (options.sendEmail) app.mailer.requireMail()
      // A parser and a validator of its own: loaded with the first file.
      const { readCandidates } = await import('../operations/invites/csv/candidates.ts')
      const rows = readCandidates(file)
      // What an Idempotency-Key stands for: the content, as no two multipart bodies are alike.
      request.body = { ...options, sha256: createHash('sha256').update(file).digest('hex') }
      const { organization } = actorOf(request)
      const campaignId = request.params.id
      if (rows.length <= AT_ONCE) {
        return app.answerPost(request, reply, 200, async (tx) =>
          presentResults(app, await inviteRows(app, tx, organization, campaignId, rows, options), options),
        )
      }
      const bulk = await app.answerPost(request, reply, 202, async (tx) => {
        await lockActiveCampaign(tx, organization.id, campaignId)
        return queueBulk(app, tx, { organizationId: organization.id, campaignId, rows, options })
      })
      reply.header('location', `/api/invites/bulk/${bulk.id}`)
      return bulk
    },
  )

  app.get(
    '/invites/bulk/:id',
    {
      config: { access: 'invites:read' },
      schema: {
        tags: ['Invites'],
        operationId: 'getInviteBulk',
        summary: 'How far a CSV file has come; for a day after it is done',
        params: Type.Object({ id: Id('blk') }),
        response: answers({ 200: Bulk }, 400, 401, 403, 404, 429),
      },
    },
    (request) => getBulk(app, app.tenancy, actorOf(request).organization.id, request.params.id),
  )
}

function readOptions(fields: Readonly<Record<string, string>>, canSend: boolean): BulkOptions {
  const { sendEmail = String(canSend), expiresInHours } = fields
  if (sendEmail !== 'true' && sendEmail !== 'false')
    throw badRequest('body.sendEmail', 'must be true or false')
  if (expiresInHours === undefined) return { sendEmail: sendEmail === 'true', expiresInHours: null }
  const hours = /^\d{1,3}$/.test(expiresInHours) ? Number(expiresInHours) : 0
  if (hours < 1 || hours > 720)
    throw badRequest('body.expiresInHours', 'must be a whole number from 1 to 720')
  return { sendEmail: sendEmail === 'true', expiresInHours: hours }
}
