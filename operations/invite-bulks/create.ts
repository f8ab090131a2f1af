import Type from 'typebox'
import { insertBulk } from '../../db/queries/invite-bulks.ts'
import { Bulk, BulkResults } from '../../schemas/bulk.ts'
import { Id, newId } from '../../schemas/ids.ts'
import { MOST_VALID_HOURS } from '../../schemas/invites.ts'
import { Strict } from '../../schemas/primitives.ts'
import { lockActiveCampaign } from '../campaigns/active.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import type { CsvRow } from './csv/candidates.ts'
import { type KeptBulk, type KeptResult, serializeBulk, serializeResults } from './kept.ts'
import { type BulkOptions, inviteRows } from './rows.ts'

/** How large a file is at most, in bytes. */
export const BULK_FILE_BYTES = 1024 * 1024

/** So many rows are done while the caller waits. */
const AT_ONCE = 100

/** Invites the candidates of a CSV file: a short one at once, a long one by a job. */
export const createInviteBulk = writeOperation({
  name: 'inviteBulks.create',
  summary: 'Invite the candidates of a CSV file',
  description:
    'The field `file` is CSV, as spreadsheets and applicant tracking systems export it: commas, semicolons or ' +
    'tabs, in UTF-8, UTF-16 or Windows-1252, with a header that names `email` and `name` (or first and last ' +
    'name), at most 1,000 rows and 1 MiB. ' +
    'You can add the fields `sendEmail` and `expiresInHours`. Up to 100 rows are done at once (200). A job does more ' +
    '(202); `GET /api/invites/bulk/{id}` shows its progress.',
  access: 'invites:write',
  errors: [413, 415, 503],
  input: Strict({
    id: Id('cmp'),
    file: Type.String({
      contentEncoding: 'base64',
      maxLength: Math.ceil(BULK_FILE_BYTES / 3) * 4,
      description: 'The CSV file',
    }),
    sendEmail: Type.Optional(
      Type.Boolean({
        description: 'Whether the links are mailed; `true` unless this server sends no e-mail',
      }),
    ),
    expiresInHours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_VALID_HOURS,
        description: 'How long the links are valid; as the campaign says unless told otherwise',
      }),
    ),
  }),
  output: Type.Union([BulkResults, Bulk]),
  example: {
    file: Buffer.from('email,name\ngrace@example.com,Grace Hopper\n').toString('base64'),
    sendEmail: false,
  },
  async prepare({ services }, { file, ...input }): Promise<CsvRow[]> {
    if (optionsOf(services.mailer.possible, input).sendEmail) services.mailer.requireMail()
    // A parser and a validator of its own: loaded with the first file.
    const { readCandidates } = await import('./csv/candidates.ts')
    return readCandidates(Buffer.from(file, 'base64'))
  },
  async run(context, { id: campaignId, ...input }, rows) {
    const { services, actor } = context
    const options = optionsOf(services.mailer.possible, input)
    if (rows.length > AT_ONCE) return queueBulk(context, campaignId, rows, options)
    const inviting = { ...context, organization: actor.organization }
    return serializeResults(services, await inviteRows(inviting, campaignId, rows, options), options)
  },
})

function optionsOf(
  canSend: boolean,
  { sendEmail = canSend, expiresInHours = null }: Partial<BulkOptions>,
): BulkOptions {
  return { sendEmail, expiresInHours }
}

/** Keeps a file's rows, and has a job work through them. */
async function queueBulk(
  { tx, organizationId, services }: WriteContext,
  campaignId: string,
  rows: CsvRow[],
  options: BulkOptions,
): Promise<Bulk> {
  await lockActiveCampaign(tx, organizationId, campaignId)
  const bulk = { id: newId('blk'), organizationId, campaignId, rows, options }
  const [kept] = await insertBulk<CsvRow, KeptResult>(tx, bulk)
  await services.jobs.add(tx, 'invite_bulk', { organizationId, bulkId: bulk.id })
  return serializeBulk(services, kept as KeptBulk)
}
