import { ApiError } from '../../schemas/errors.ts'
import type { Actor } from '../credentials/principals.ts'

/** A logged-in user and their session. */
export interface Person {
  readonly userId: string
  readonly sessionId: string
}

/**
 * Finds the user who is logged in, and their session.
 * @throws ApiError 403 for a third party's app: it has a user's consent and is not the user
 */
export function personOf({ user, sessionId }: Actor): Person {
  if (user && sessionId) return { userId: user.id, sessionId }
  throw new ApiError('FORBIDDEN', 'This is for the user in person: log in', { reason: 'no_session' })
}
