import Type from 'typebox'
import { listInvitations as selectInvitations } from '../../db/queries/invitations.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Invitation, invitationStatuses } from '../../schemas/members.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeInvitation } from './serialize.ts'

/** Lists invitations, newest first. */
export const listInvitations = readOperation({
  name: 'invitations.list',
  summary: 'List invitations',
  description: 'Lists invitations, newest first, of every status or of one. It never shows their tokens.',
  access: 'members:read',
  input: Strict({ ...pageQuery, status: Type.Optional(Type.Enum([...invitationStatuses])) }),
  output: Page('invitations', Invitation),
  example: { limit: 20, status: 'pending' },
  async run({ read, organizationId }, { status = null, ...query }) {
    const page = readPage(query)
    const rows = await read((tx) => selectInvitations(tx, organizationId, page, status))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { invitations: items.map(serializeInvitation), nextCursor }
  },
})
