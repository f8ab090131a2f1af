import type { Queryable } from '../../db/connect.ts'
import { lockLiveSession } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Person } from '../authentication/person.ts'

/**
 * Refuses to go on for a session that has ended since the request was let in, and holds it until the transaction ends.
 * Called after the locks of the user's own rows: users come before sessions.
 * @throws ApiError 401
 */
export async function requireSession(tx: Queryable, { userId, sessionId }: Person): Promise<void> {
  if ((await lockLiveSession(tx, userId, sessionId)).length > 0) return
  throw new ApiError('UNAUTHORIZED', 'The session has ended: log in', { reason: 'session_ended_meanwhile' })
}
