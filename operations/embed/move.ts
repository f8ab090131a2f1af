import type { EmbedInterview } from '../../schemas/embed.ts'
import { notFound } from '../../schemas/errors.ts'
import type { WriteContext } from '../core/operation.ts'
import { lockSettledInterview, moveInterview, touchInterview } from '../interviews/progress.ts'
import { readEmbedInterview } from './read.ts'
import { sessionOf } from './session.ts'

/**
 * Pauses or resumes an interview. One that is there already stays as it is, so that a request may be sent again.
 * @throws ApiError 409 that says from where to where it cannot go
 */
export async function moveEmbedInterview(
  { tx, actor, services }: WriteContext,
  to: 'paused' | 'in_progress',
): Promise<EmbedInterview> {
  const session = sessionOf(actor)
  const row = await lockSettledInterview(tx, session.organizationId, session.interviewId)
  if (!row) throw notFound('Interview')
  const touched = await touchInterview(tx, row)
  if (touched.status !== to) await moveInterview(tx, touched, to, touched.now)
  return readEmbedInterview(tx, session, services.showFile)
}
