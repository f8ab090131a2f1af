import Type from 'typebox'
import { findBulk } from '../../db/queries/invite-bulks.ts'
import { Bulk } from '../../schemas/bulk.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { readOperation } from '../core/operation.ts'
import type { CsvRow } from './csv/candidates.ts'
import { type KeptResult, serializeBulk } from './kept.ts'

/** Shows how far a file of candidates has come. */
export const getInviteBulk = readOperation({
  name: 'inviteBulks.get',
  summary: 'Get the progress of a CSV file',
  description: 'Shows how far a file of candidates has come. You can ask for a day after it is done.',
  access: 'invites:read',
  input: Type.Object({ id: Id('blk') }),
  output: Bulk,
  async run({ read, organizationId, services }, { id }) {
    const [row] = await read((tx) => findBulk<CsvRow, KeptResult>(tx, organizationId, id))
    if (!row) throw notFound('Bulk')
    return serializeBulk(services, row)
  },
})
