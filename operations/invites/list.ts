import { listInvites as selectInvites } from '../../db/queries/invites.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Invite, inviteFilters } from '../../schemas/invites.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeInvite } from './serialize.ts'

/** Lists invites, newest first. */
export const listInvites = readOperation({
  name: 'invites.list',
  summary: 'List invites',
  description: 'Lists invites, newest first, of every campaign and candidate or of those that you name.',
  access: 'invites:read',
  input: Strict({ ...pageQuery, ...inviteFilters }),
  output: Page('invites', Invite),
  example: { limit: 20, status: 'pending' },
  async run(context, { status = null, campaignId = null, candidateId = null, email, ...query }) {
    const { read, organizationId, services } = context
    const page = readPage(query, 'inv')
    const filter = { status, campaignId, candidateId, email: email?.toLowerCase() ?? null }
    const rows = await read((tx) => selectInvites(tx, organizationId, page, filter))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { invites: items.map((row) => serializeInvite(row, services.publicUrl())), nextCursor }
  },
})
