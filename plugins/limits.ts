import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { ApiError } from '../schemas/errors.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** The brakes of the API. Each throws `RATE_LIMITED` with `Retry-After` and `x-ratelimit-*` once it holds. */
export interface Limits {
  /** Counts a request of an organization, and of its key where that has a limit of its own. */
  countRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Stops an address that failed too often, before anything is hashed or queried for it. Counts nothing. */
  checkFailures(request: FastifyRequest): Promise<void>
  /** Counts a credential that was refused. */
  countFailure(request: FastifyRequest): Promise<void>
  /** Counts a sign-up. */
  countSignup(request: FastifyRequest): Promise<void>
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>
type Outcome = Exclude<Awaited<ReturnType<Limiter>>, { isAllowed: true }>

export default fp<{ config: Config }>(
  async (app, { config }) => {
    await app.register(rateLimit, { global: false })
    const organization = app.createRateLimit({
      max: config.rateLimitPerMinute,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `organization:${request.organization?.id}`,
    })
    const key = app.createRateLimit({
      max: (request) => request.actor?.key?.rateLimitPerMinute ?? Number.POSITIVE_INFINITY,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `key:${request.actor?.key?.keyId}`,
    })
    const failures = app.createRateLimit({
      max: config.authFailuresPerMinute,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `failures:${request.ip}`,
    })
    const signups = app.createRateLimit({
      max: config.signupsPerHour,
      timeWindow: HOUR_MS,
      keyGenerator: (request) => `signups:${request.ip}`,
    })

    app.decorate('limits', {
      async countRequest(request, reply) {
        const outcome = outcomeOf(await organization(request))
        const narrowest = request.actor?.key?.rateLimitPerMinute
          ? narrower(outcome, outcomeOf(await key(request)))
          : outcome
        if (narrowest.isExceeded) throw limited(narrowest, 'rate_limited')
        reply.header('x-ratelimit-limit', narrowest.max)
        reply.header('x-ratelimit-remaining', narrowest.remaining)
        reply.header('x-ratelimit-reset', narrowest.ttlInSeconds)
      },
      async checkFailures(request) {
        const outcome = outcomeOf(await failures(request, { increment: false }))
        if (outcome.remaining === 0) throw limited(outcome, 'too_many_failures')
      },
      async countFailure(request) {
        await failures(request)
      },
      async countSignup(request) {
        const outcome = outcomeOf(await signups(request))
        if (outcome.isExceeded) throw limited(outcome, 'too_many_signups')
      },
    } satisfies Limits)
  },
  { name: 'limits' },
)

function outcomeOf(answer: Awaited<ReturnType<Limiter>>): Outcome {
  if (answer.isAllowed) throw new Error('no allow-list is configured')
  return answer
}

function narrower(one: Outcome, other: Outcome): Outcome {
  if (one.isExceeded !== other.isExceeded) return one.isExceeded ? one : other
  return one.remaining <= other.remaining ? one : other
}

function limited(outcome: Outcome, reason: string): ApiError {
  const seconds = String(Math.max(1, outcome.ttlInSeconds))
  return new ApiError('RATE_LIMITED', `Too many requests: try again in ${seconds} s`, {
    reason,
    headers: {
      'retry-after': seconds,
      'x-ratelimit-limit': String(outcome.max),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': seconds,
    },
  })
}
