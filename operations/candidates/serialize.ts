import type { CandidateRow } from '../../db/queries/candidates.ts'
import type { Candidate } from '../../schemas/candidates.ts'

/** A candidate as the API shows it. */
export function serializeCandidate(row: CandidateRow): Candidate {
  const { id, email, name, phone, externalId, metadata, createdAt } = row
  return { id, email, name, phone, externalId, metadata, createdAt }
}
