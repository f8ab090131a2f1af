import type { Queryable } from '../../db/connect.ts'
import { type CandidateRow, holdCandidate, insertCandidate } from '../../db/queries/candidates.ts'
import type { CandidateCreate } from '../../schemas/candidates.ts'
import { newId } from '../../schemas/ids.ts'
import { fieldsOf } from './fields.ts'

/**
 * The candidate of that e-mail address, created where there is none yet; not erased before the transaction ends. What is
 * known of a candidate is not changed by it.
 */
export async function findOrCreateCandidate(
  tx: Queryable,
  organizationId: string,
  body: CandidateCreate,
): Promise<CandidateRow> {
  const fields = fieldsOf(body)
  const [created] = await insertCandidate(tx, organizationId, newId('cnd'), fields)
  const [row] = created ? [created] : await holdCandidate(tx, organizationId, { email: fields.email })
  // Erased between the two: the address is free again.
  return row ?? findOrCreateCandidate(tx, organizationId, body)
}
