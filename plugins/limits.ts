import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { networkOf } from '../credentials/addresses.ts'
import { sha256 } from '../credentials/secret.ts'
import { rateLimitFactorOf } from '../operations/plans/plans.ts'
import { ApiError } from '../schemas/errors.ts'
import type { LoggedReason } from '../schemas/reasons.ts'
import { type LimiterMaker, narrower, type Outcome, prepareLimiters } from './limiters.ts'
import { setOwnHeader } from './secured-response.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Wrong passwords that a network may send, for each account that may fail from it. */
const PASSWORDS_PER_ACCOUNT = 5

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
    /** Makes a limiter of a room's own, counted in this process or shared through `REDIS_URL`. */
    createLimiter: LimiterMaker
  }
}

/** The throttles of the API: what holds is answered with 429, `Retry-After` and `x-ratelimit-*`. */
export interface Limits {
  /**
   * Counts a request of an organization, and of its key where that has a limit of its own.
   * @param done told of the refusal where a limit is exceeded: a hook's callback, as this is asked on every request
   */
  countRequest(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void
  /**
   * Whether the request's network, or the key id that it presents, has sent too many bad credentials of late. Counts
   * nothing.
   * @returns the refusal to throw where the credential turns out to be bad: a good one always passes
   */
  brakeOf(request: FastifyRequest, publicId: string | null): Promise<ApiError | null>
  /** Counts a credential of a header that was refused, for its network and for the key id that it presents. */
  countFailure(request: FastifyRequest, publicId?: string | null): Promise<void>
  /**
   * Counts a secret of a body that was refused: a refresh token, a mailed token, a signature. They are too long to be
   * guessed and cheap to check, so a good one always passes.
   * @throws ApiError 429 in the place of the refusal, where the network has sent too many
   */
  countBadSecret(request: FastifyRequest): Promise<void>
  /**
   * Throws where passwords of too many accounts have failed from the network, or too many in all: each try costs a
   * hash, and whoever tries one password on many accounts is not slowed down by any account's own throttle.
   */
  checkPasswords(request: FastifyRequest): Promise<void>
  /** Counts a wrong password. */
  countWrongPassword(request: FastifyRequest, account: string): Promise<void>
  /** Counts a sign-up. */
  countSignup(request: FastifyRequest): Promise<void>
}

/**
 * Limits by organization, key and address. Counters are the process's own, or shared through `REDIS_URL`; a lost
 * Redis leaves the process's own counters in force.
 */
export default fp<{ config: Config }>(
  async (app: FastifyInstance, { config }) => {
    const createLimiter = await prepareLimiters(app, config.redisUrl, `anteroom-${config.environment.name}-`)
    const organization = createLimiter<FastifyRequest>({
      name: 'organization',
      max: ({ organization: of }) => config.rateLimitPerMinute * rateLimitFactorOf(of?.plan ?? 'free'),
      windowMs: MINUTE_MS,
      keyOf: (request) => String(request.organization?.id),
    })
    const key = createLimiter<FastifyRequest>({
      name: 'key',
      max: (request) => request.actor?.key?.rateLimitPerMinute ?? Number.POSITIVE_INFINITY,
      windowMs: MINUTE_MS,
      keyOf: (request) => String(request.actor?.key?.keyId),
    })
    const perNetwork = (name: string, max: number) =>
      createLimiter<FastifyRequest>({
        name,
        max,
        windowMs: MINUTE_MS,
        keyOf: (request) => networkOf(request.address),
      })
    // One program with a dead key must not lock its office out: each kind of failure has a count of its own.
    const addressFailures = perNetwork('failures', config.authFailuresPerMinute)
    const badSecrets = perNetwork('secrets', config.authFailuresPerMinute)
    const failingAccounts = perNetwork('accounts', config.authFailuresPerMinute)
    const wrongPasswords = perNetwork('passwords', PASSWORDS_PER_ACCOUNT * config.authFailuresPerMinute)
    const keyFailures = createLimiter<FastifyRequest>({
      name: 'failures',
      max: config.authFailuresPerMinute,
      windowMs: MINUTE_MS,
      keyOf: (request) => String(presentedIds.get(request)),
    })
    const accountFailures = createLimiter<FastifyRequest>({
      name: 'account',
      max: 1,
      windowMs: MINUTE_MS,
      keyOf: (request) => `${networkOf(request.address)} ${triedAccounts.get(request)}`,
    })
    const signups = createLimiter<FastifyRequest>({
      name: 'signups',
      max: config.signupsPerHour,
      windowMs: HOUR_MS,
      keyOf: (request) => networkOf(request.address),
    })
    const presentedIds = new WeakMap<FastifyRequest, string>()
    const triedAccounts = new WeakMap<FastifyRequest, string>()

    app.decorate('createLimiter', createLimiter)
    app.decorate('limits', {
      countRequest(request, reply, done) {
        const take = (outcome: Outcome) => {
          if (outcome.isExceeded) return done(limited(outcome, 'rate_limited'))
          showLimit(reply, outcome)
          done()
        }
        const counted = request.actor?.key?.rateLimitPerMinute
          ? Promise.all([organization(request), key(request)]).then(([one, other]) => narrower(one, other))
          : organization(request)
        counted.then(take, done)
      },
      async brakeOf(request, publicId) {
        const byAddress = await addressFailures(request, { increment: false })
        if (byAddress.remaining === 0) return limited(byAddress, 'too_many_failures')
        if (publicId === null) return null
        presentedIds.set(request, publicId)
        const byKey = await keyFailures(request, { increment: false })
        return byKey.remaining === 0 ? limited(byKey, 'too_many_failures') : null
      },
      async countFailure(request, publicId = null) {
        await addressFailures(request)
        if (publicId === null) return
        presentedIds.set(request, publicId)
        await keyFailures(request)
      },
      async countBadSecret(request) {
        const outcome = await badSecrets(request)
        if (outcome.isExceeded) throw limited(outcome, 'too_many_failures')
      },
      async checkPasswords(request) {
        for (const limiter of [failingAccounts, wrongPasswords]) {
          const outcome = await limiter(request, { increment: false })
          if (outcome.remaining === 0) throw limited(outcome, 'too_many_failures')
        }
      },
      async countWrongPassword(request, account) {
        await wrongPasswords(request)
        triedAccounts.set(request, sha256(account.toLowerCase()).toString('base64url'))
        const outcome = await accountFailures(request)
        if (!outcome.isExceeded) await failingAccounts(request)
      },
      async countSignup(request) {
        const outcome = await signups(request)
        if (outcome.isExceeded) throw limited(outcome, 'too_many_signups')
      },
    } satisfies Limits)
  },
  { name: 'limits', dependencies: ['client-address'] },
)

/** Tells a caller who was let in how much of a limit is left. */
export function showLimit(reply: FastifyReply, outcome: Outcome): void {
  setOwnHeader(reply, 'x-ratelimit-limit', outcome.max)
  setOwnHeader(reply, 'x-ratelimit-remaining', outcome.remaining)
  setOwnHeader(reply, 'x-ratelimit-reset', outcome.ttlInSeconds)
}

/** The refusal of a limit that holds. */
export function limited(outcome: Outcome, reason: LoggedReason): ApiError {
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
