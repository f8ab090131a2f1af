import { listMembers as selectMembers } from '../../db/queries/members.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Member } from '../../schemas/members.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeMember } from './serialize.ts'

/** Lists members, newest users first. */
export const listMembers = readOperation({
  name: 'members.list',
  summary: 'List members',
  description:
    'Lists the people who belong to the organization, and the role of each. The newest user comes first.',
  access: 'members:read',
  input: Strict(pageQuery),
  output: Page('members', Member),
  example: { limit: 20 },
  async run({ read, organizationId }, query) {
    const page = readPage(query)
    const rows = await read((tx) => selectMembers(tx, organizationId, page))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { members: items.map(serializeMember), nextCursor }
  },
})
