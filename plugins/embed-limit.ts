import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../credentials/addresses.ts'
import { sha256 } from '../credentials/secret.ts'
import { limited, showLimit } from './limits.ts'

/** A page with a question on it asks a few times a minute. */
const REQUESTS_PER_CANDIDATE = 600
/** Bad invites that a network may send. */
const BAD_INVITES_PER_NETWORK = 600
const MINUTE_MS = 60_000

declare module 'fastify' {
  interface FastifyInstance {
    embedLimits: EmbedLimits
  }
}

/** The throttles of candidates' browsers. */
interface EmbedLimits {
  /** Counts a request that presents an invite, before the invite is looked up. @throws ApiError 429 */
  countInvite(request: FastifyRequest, reply: FastifyReply, invite: string): Promise<void>
  /**
   * Counts an invite that was refused, for its network. A good invite always passes.
   * @throws ApiError 429 in the place of the refusal, where the network has sent too many
   */
  countBadInvite(request: FastifyRequest): Promise<void>
}

/**
 * Counts the requests of each interview, and of each invite, by itself. All candidates of an office come from one
 * network: a browser there that asks too often must not lock the others out. Bad session tokens are counted where every
 * credential is (plugins/context.ts).
 */
export default fp(
  async (app: FastifyInstance) => {
    const interviews = app.createLimiter<FastifyRequest>({
      name: 'interview',
      max: REQUESTS_PER_CANDIDATE,
      windowMs: MINUTE_MS,
      keyOf: (request) => String(request.actor?.interviewId),
    })
    const invites = app.createLimiter<FastifyRequest>({
      name: 'invite',
      max: REQUESTS_PER_CANDIDATE,
      windowMs: MINUTE_MS,
      keyOf: (request) => String(presented.get(request)),
    })
    const badInvites = app.createLimiter<FastifyRequest>({
      name: 'bad-invites',
      max: BAD_INVITES_PER_NETWORK,
      windowMs: MINUTE_MS,
      keyOf: (request) => networkOf(request.address),
    })
    const presented = new WeakMap<FastifyRequest, string>()
    const count = async (limiter: typeof interviews, request: FastifyRequest, reply: FastifyReply) => {
      const outcome = await limiter(request)
      if (outcome.isExceeded) throw limited(outcome, 'rate_limited')
      showLimit(reply, outcome)
    }

    app.addHook('onRequest', async (request, reply) => {
      if (request.actor?.interviewId) await count(interviews, request, reply)
    })
    app.decorate('embedLimits', {
      async countInvite(request, reply, invite) {
        presented.set(request, sha256(invite).toString('base64url'))
        await count(invites, request, reply)
      },
      async countBadInvite(request) {
        const outcome = await badInvites(request)
        if (outcome.isExceeded) throw limited(outcome, 'too_many_failures')
      },
    } satisfies EmbedLimits)
  },
  { name: 'embed-limit', dependencies: ['context', 'limits'] },
)
