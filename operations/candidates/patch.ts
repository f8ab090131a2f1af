import {
  type CandidateRow,
  holdCandidate,
  lockCandidate,
  updateCandidate,
} from '../../db/queries/candidates.ts'
import { Candidate, CandidatePatch } from '../../schemas/candidates.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { emailTaken, fieldsOf } from './fields.ts'
import { serializeCandidate } from './serialize.ts'

/** Changes what the patch names. The candidate is locked from the read to the write, so that no change is lost. */
export const patchCandidate = writeOperation({
  name: 'candidates.update',
  summary: 'Change a candidate',
  description:
    'Changes the fields that you name; `metadata` is replaced as a whole. Links that were mailed before stay valid.',
  access: 'candidates:write',
  errors: [409],
  input: Strict({ id: Id('cnd'), ...CandidatePatch.properties }, { minProperties: 2 }),
  output: Candidate,
  example: { phone: '+44 20 7946 0000', metadata: { source: 'referral' } },
  async run({ tx, organizationId }, { id, ...patch }) {
    const [row] = await lockCandidate(tx, organizationId, id)
    if (!row) throw notFound('Candidate')
    const next = fieldsOf({
      email: patch.email ?? row.email,
      name: patch.name ?? row.name,
      phone: patch.phone === undefined ? row.phone : patch.phone,
      externalId: patch.externalId === undefined ? row.externalId : patch.externalId,
      metadata: patch.metadata ?? row.metadata,
    })
    if (next.email !== row.email) {
      const [other] = await holdCandidate(tx, organizationId, { email: next.email })
      if (other) throw emailTaken()
    }
    const [changed] = await updateCandidate(tx, organizationId, id, next)
    return serializeCandidate(changed as CandidateRow)
  },
})
