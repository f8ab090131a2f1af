import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'

const REDIS_TIMEOUT_MS = 250
const WARN_EVERY_MS = 10_000
/** For how long a Redis that failed is not asked again: a hung one would cost each request its time-out. */
const REDIS_PAUSE_MS = 1000
/** Counters that a process keeps, a limiter; the least recently used go first. */
const KEPT_COUNTERS = 50_000

/** What a limiter counted. */
export interface Outcome {
  readonly max: number
  readonly remaining: number
  readonly isExceeded: boolean
  readonly ttlInSeconds: number
}

/** Counts a request, or with `increment: false` looks without counting. */
export type Limiter = (request: FastifyRequest, options?: { increment?: boolean }) => Promise<Outcome>

interface LimiterOptions<R> {
  /** The limiter's own, for its shared counters. */
  readonly name: string
  /** Requests in a window. */
  readonly max: number | ((request: R) => number)
  readonly windowMs: number
  /** What is counted together. */
  readonly keyOf: (request: R) => string
}

/** Makes limiters. */
export type LimiterMaker = <R extends FastifyRequest>(options: LimiterOptions<R>) => Limiter

type Counter = ReturnType<FastifyInstance['createRateLimit']>

/**
 * Prepares the limiters' counters. With Redis they are shared between processes. Each process counts for itself
 * besides, and the stricter of the two holds: while Redis is lost, or comes back empty, what a process has counted
 * itself stays in force. A lost Redis must not open the door, nor shut it.
 * @param nameSpace what the shared counters' names begin with: environments share none
 */
export async function prepareLimiters(
  app: FastifyInstance,
  redisUrl: string | null,
  nameSpace: string,
): Promise<LimiterMaker> {
  const redis = redisUrl ? await openRedis(app, redisUrl) : null
  const ofProcess = await openCounters(app)
  const shared = redis ? await openCounters(app, { redis, nameSpace }) : null
  const warn = warning(app)
  let pausedUntil = 0

  return (limiter) => {
    const { name, max, windowMs, keyOf } = limiter as LimiterOptions<FastifyRequest>
    // The library's types know no maximum that is told at once, which it takes.
    const options = { max: max as number, timeWindow: windowMs, cache: KEPT_COUNTERS }
    const count = ofProcess({ ...options, keyGenerator: keyOf })
    const own: Limiter = async (request, call) => outcomeOf(await count(request, call))
    if (!shared) return own
    const common = shared({ ...options, keyGenerator: (request) => `${name}:${keyOf(request)}` })
    return async (request, call) => {
      const here = await own(request, call)
      if (performance.now() < pausedUntil) return here
      try {
        return narrower(outcomeOf(await common(request, call)), here)
      } catch (error) {
        pausedUntil = performance.now() + REDIS_PAUSE_MS
        warn(error)
        return here
      }
    }
  }
}

/** Of two limits the one that leaves less. */
export function narrower(one: Outcome, other: Outcome): Outcome {
  if (one.isExceeded !== other.isExceeded) return one.isExceeded ? one : other
  return one.remaining <= other.remaining ? one : other
}

/**
 * The library's counters, in a scope of their own, where nothing else of its registration is seen.
 * @param store where they are kept; unset: in this process
 */
async function openCounters(app: FastifyInstance, store: { redis: Redis; nameSpace: string } | object = {}) {
  let create: FastifyInstance['createRateLimit'] | undefined
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, cache: KEPT_COUNTERS, ...store })
    create = scope.createRateLimit
  })
  return create as FastifyInstance['createRateLimit']
}

async function openRedis(app: FastifyInstance, url: string): Promise<Redis> {
  // Loaded only where it is used: most sandboxes have none.
  const { Redis: Client } = await import('ioredis')
  const redis = new Client(url.replace(/^valkey/, 'redis'), {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 4 * REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2000),
  })
  const warn = warning(app)
  redis.on('error', warn)
  await redis.connect().catch(warn)
  app.addHook('onClose', async () => redis.disconnect())
  return redis
}

function warning(app: FastifyInstance): (error: unknown) => void {
  let warnedAt = Number.NEGATIVE_INFINITY
  return (error) => {
    const now = performance.now()
    if (now - warnedAt < WARN_EVERY_MS) return
    warnedAt = now
    app.log.warn({ err: error }, 'Redis is out of reach: limits are counted by this process alone')
  }
}

function outcomeOf(answer: Awaited<ReturnType<Counter>>): Outcome {
  if (answer.isAllowed) throw new Error('no allow-list is configured')
  return answer
}
