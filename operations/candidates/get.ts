import Type from 'typebox'
import { findCandidate } from '../../db/queries/candidates.ts'
import { Candidate } from '../../schemas/candidates.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { readOperation } from '../core/operation.ts'
import { serializeCandidate } from './serialize.ts'

/** Shows one candidate. */
export const getCandidate = readOperation({
  name: 'candidates.get',
  summary: 'Get a candidate',
  description: 'Shows a candidate. One who was erased is not found.',
  access: 'candidates:read',
  input: Type.Object({ id: Id('cnd') }),
  output: Candidate,
  async run({ read, organizationId }, { id }) {
    const [row] = await read((tx) => findCandidate(tx, organizationId, id))
    if (!row) throw notFound('Candidate')
    return serializeCandidate(row)
  },
})
