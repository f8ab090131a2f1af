import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { placeOf } from '../operations/authentication/place.ts'
import { originOf } from '../plugins/operations.ts'
import { ApiError } from '../schemas/errors.ts'

/** Tokens and secrets must not stay in a cache on the way (RFC 6749, 5.1). */
export async function noStore(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'no-store')
}

/**
 * Tries a long secret of a body, e.g. a refresh token or a mailed token, or what an account's own throttle guards. It is
 * always tried, so that no one else's failures refuse a good one.
 * @throws ApiError what `attempt` throws; 429 in its place for a network that has sent too many bad ones
 */
export function tryingSecret<T>(
  app: FastifyInstance,
  request: FastifyRequest,
  attempt: () => Promise<T>,
): Promise<T> {
  return app.loginThrottle.fromAddress(request.address, async () => {
    try {
      return await attempt()
    } catch (error) {
      if (isFailure(error)) await app.limits.countBadSecret(request)
      throw error
    }
  })
}

/**
 * Tries the password of a log-in. Each account has a throttle of its own for each network; this one stops a network that
 * tries many accounts. A device that has logged in to the account before always passes it. Few tries are under way at
 * once for a network: a burst does not slip through before its first failure counts.
 * @throws ApiError 429 for a network that failed for too many accounts; what `attempt` throws
 */
export function tryingPassword<T>(
  app: FastifyInstance,
  request: FastifyRequest,
  attempt: () => Promise<T>,
): Promise<T> {
  const { email } = request.body as { email: string }
  const { known } = placeOf(app.encryptionKey, originOf(request), email.toLowerCase())
  return app.loginThrottle.fromAddress(request.address, async () => {
    if (!known) await app.limits.checkPasswords(request)
    try {
      return await attempt()
    } catch (error) {
      if (isFailure(error)) await app.limits.countWrongPassword(request, email)
      throw error
    }
  })
}

// Who is asked for the second factor has not failed.
function isFailure(error: unknown): boolean {
  return error instanceof ApiError && error.statusCode === 401 && error.reason !== 'second_factor_required'
}

/**
 * Signs somebody up, and counts it for the client's address.
 * @throws ApiError 429 for too many sign-ups from one address; what `signUp` throws
 */
export async function countingSignups<T>(
  app: FastifyInstance,
  request: FastifyRequest,
  signUp: () => Promise<T>,
): Promise<T> {
  await app.limits.countSignup(request)
  return signUp()
}
