import Type from 'typebox'
import { listAudit as selectAudit } from '../../db/queries/audit.ts'
import { AuditRecord } from '../../schemas/audit.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { periodQuery, readPeriod } from '../../schemas/period.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeAudit } from './serialize.ts'

const AnyId = Type.String({ minLength: 1, maxLength: 100 })

/** Lists the records of the audit log, newest first. */
export const listAudit = readOperation({
  name: 'audit.list',
  summary: 'List who changed what',
  description:
    'Lists the changes to the organization, newest first: who made each one, with which credential, from where, and ' +
    'what is different now. `actor` is the id of a user or of a credential, `target` the id of what was changed. ' +
    'Records are numbered without a gap, and each contains the hash of the one before, so that you can check that ' +
    'none was removed.',
  access: 'logs:read',
  input: Strict({
    ...pageQuery,
    action: Type.Optional(Type.String({ pattern: '^[a-z_]+\\.[a-z_]+$', maxLength: 100 })),
    target: Type.Optional(AnyId),
    actor: Type.Optional(AnyId),
    ...periodQuery,
  }),
  output: Page('audit', AuditRecord),
  example: { limit: 20, action: 'key.created' },
  async run({ read, organizationId }, { action = null, target = null, actor = null, ...query }) {
    const page = readPage(query, 'aud')
    const filter = { action, target, actor, ...readPeriod(query) }
    const rows = await read((tx) => selectAudit(tx, organizationId, page, filter))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { audit: items.map(serializeAudit), nextCursor }
  },
})
