import type { Queryable } from '../../db/connect.ts'
import { findCandidate } from '../../db/queries/candidates.ts'
import { findInterview } from '../../db/queries/interviews.ts'
import { findOrganization } from '../../db/queries/organizations.ts'
import type { EmbedInterview } from '../../schemas/embed.ts'
import { notFound } from '../../schemas/errors.ts'
import type { ShowFile } from '../files/present.ts'
import { serializeInterview } from '../interviews/serialize.ts'
import type { OpenSession } from './session.ts'

/** Reads an interview as the candidate's browser sees it. @throws ApiError 404 where it is gone */
export async function readEmbedInterview(
  tx: Queryable,
  { organizationId, interviewId }: OpenSession,
  show: ShowFile,
): Promise<EmbedInterview> {
  const [row] = await findInterview(tx, organizationId, interviewId)
  if (!row) throw notFound('Interview')
  const [organization] = await findOrganization(tx, organizationId)
  const [candidate] = await findCandidate(tx, organizationId, row.candidateId)
  return {
    ...serializeInterview(row, show),
    language: row.language,
    organization: { name: organization?.name ?? '' },
    candidate: { name: candidate?.name ?? '' },
    questions: row.questions,
  }
}
