import { listKeys as selectKeys } from '../../db/queries/keys.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Key } from '../../schemas/keys.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeKey } from './serialize.ts'

/** Lists keys, newest first. */
export const listKeys = readOperation({
  name: 'keys.list',
  summary: 'List keys',
  description: 'Lists the keys of the organization, newest first. Revoked and expired keys stay in the list.',
  access: 'keys:read',
  input: Strict(pageQuery),
  output: Page('keys', Key),
  example: { limit: 20 },
  async run({ read, organizationId }, query) {
    const page = readPage(query, 'key')
    const rows = await read((tx) => selectKeys(tx, organizationId, page))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { keys: items.map(serializeKey), nextCursor }
  },
})
