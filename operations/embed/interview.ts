import { findInterview } from '../../db/queries/interviews.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import type { EmbedInterview } from '../../schemas/embed.ts'
import { notFound } from '../../schemas/errors.ts'
import type { ShowFile } from '../files/present.ts'
import {
  completeInterview,
  lockSettledInterview,
  moveInterview,
  touchInterview,
} from '../interviews/progress.ts'
import { presentEmbedInterview } from './present.ts'

/** The interview that a session opens. */
export interface OpenSession {
  readonly organizationId: string
  readonly interviewId: string
}

/** The interview, with this sign of life of the candidate's browser noted. */
export async function lookAtInterview(
  tx: TenantTransaction,
  session: OpenSession,
  show: ShowFile,
): Promise<EmbedInterview> {
  const row = await lockSettledInterview(tx, session.organizationId, session.interviewId)
  if (!row) throw notFound('Interview')
  await touchInterview(tx, row)
  return presentEmbedInterview(tx, session.organizationId, session.interviewId, show)
}

/**
 * Pauses or resumes an interview; one that is there already stays as it is, so that a request may be sent again.
 * @throws ApiError 409 that says from where to where it can't go
 */
export async function steerInterview(
  tx: TenantTransaction,
  session: OpenSession,
  to: 'paused' | 'in_progress',
  show: ShowFile,
): Promise<EmbedInterview> {
  const row = await lockSettledInterview(tx, session.organizationId, session.interviewId)
  if (!row) throw notFound('Interview')
  const touched = await touchInterview(tx, row)
  if (touched.status !== to) await moveInterview(tx, touched, to, touched.now)
  return presentEmbedInterview(tx, session.organizationId, session.interviewId, show)
}

/**
 * Completes an interview; one that is completed stays as it is.
 * @throws ApiError 409 for one that was abandoned
 */
export async function finishInterview(
  tx: TenantTransaction,
  session: OpenSession,
  show: ShowFile,
): Promise<EmbedInterview> {
  const [row] = await findInterview(tx, session.organizationId, session.interviewId)
  if (!row) throw notFound('Interview')
  await completeInterview(tx, session.organizationId, row.inviteId, session.interviewId)
  return presentEmbedInterview(tx, session.organizationId, session.interviewId, show)
}
