import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../credentials/addresses.ts'
import { limited, showLimit } from './limits.ts'

/** A page with a question on it asks a few times a minute; a whole office behind one address is let through. */
const REQUESTS_PER_MINUTE = 600
const MINUTE_MS = 60_000

/** Counts the requests of candidates' browsers by client address, before anything is looked up for them. */
export default fp(
  async (app: FastifyInstance) => {
    const limiter = app.createLimiter<FastifyRequest>({
      name: 'embed',
      max: REQUESTS_PER_MINUTE,
      windowMs: MINUTE_MS,
      keyOf: (request) => networkOf(request.address),
    })
    app.addHook('onRequest', async (request, reply) => {
      const outcome = await limiter(request)
      if (outcome.isExceeded) throw limited(outcome, 'rate_limited')
      showLimit(reply, outcome)
    })
  },
  { name: 'embed-limit', dependencies: ['limits'] },
)
