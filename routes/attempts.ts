import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../schemas/errors.ts'

/** Tokens and secrets must not stay in a cache on the way (RFC 6749, 5.1). */
export async function noStore(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'no-store')
}

/**
 * Tries something that proves who someone is, and counts a failure for the client's address. Few are under way at once
 * for an address: a burst does not slip through before its first failure counts.
 * @throws ApiError 429 for an address that failed too often; what `attempt` throws
 */
export function countingFailures<T>(
  app: FastifyInstance,
  request: FastifyRequest,
  attempt: () => Promise<T>,
): Promise<T> {
  return app.loginThrottle.fromAddress(request.address, async () => {
    await app.limits.checkFailures(request)
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof ApiError && isFailure(error)) await app.limits.countFailure(request)
      throw error
    }
  })
}

// Who is asked for the second factor has not failed.
function isFailure(error: ApiError): boolean {
  return error.statusCode === 401 && error.reason !== 'second_factor_required'
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
