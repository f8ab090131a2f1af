import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../schemas/errors.ts'
import { endArrival } from './connections.ts'

/** How soon after its end a credential stops what it has begun, in milliseconds at most. */
export const STANDING_MS = 1000

/**
 * Ends uploads whose credential has ended. Other bodies are read before anything is done; a file is stored while it
 * arrives, which may take hours.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('preHandler', (request, reply, done) => {
      if (request.actor !== null && request.body == null && announcesBody(request)) watch(request, reply)
      done()
    })
  },
  { name: 'standing', dependencies: ['context'] },
)

/** Whether the credential of a request would still let it in: for what goes on long after the request began. */
export async function stillStands(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  return (await refusalNow(request, reply)) === null
}

/**
 * What a new request with the credential of this one would get; null where it is let in. The request stays as it was, so
 * that the access log tells how it was let in.
 */
async function refusalNow(request: FastifyRequest, reply: FastifyReply): Promise<ApiError | null> {
  const { actor, organization, user, refusal, refusalReason, keyFingerprint } = request
  const before = { actor, organization, user, refusal, refusalReason, keyFingerprint }
  try {
    await request.server.revalidate(request, reply, false)
    return null
  } catch (error) {
    if (error instanceof ApiError) return error
    // A credential that cannot be checked is not believed.
    return new ApiError('UNAVAILABLE', 'The credential cannot be checked now: try again', { cause: error })
  } finally {
    Object.assign(request, before)
  }
}

function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function watch(request: FastifyRequest, reply: FastifyReply): void {
  let asking = false
  const timer = setInterval(async () => {
    if (asking) return
    asking = true
    const { raw } = request
    const refusal = await refusalNow(request, reply)
    // What has arrived whole is left to the transaction, which checks the credential too.
    if (refusal && !reply.sent && !raw.complete) {
      request.bodyFailure ??= refusal
      endArrival(raw, reply.raw, refusal)
    }
    asking = false
  }, STANDING_MS)
  timer.unref()
  reply.raw.once('close', () => clearInterval(timer))
}
