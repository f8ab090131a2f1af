import rateLimit from '@fastify/rate-limit'
import LocalStore from '@fastify/rate-limit/store/LocalStore.js'
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

/**
 * Counts a request, or with `increment: false` looks without counting. A promise only where Redis is asked: a process's
 * own counters are asked on every request, and answer at once.
 */
export type Limiter = (
  request: FastifyRequest,
  options?: { increment?: boolean },
) => Outcome | Promise<Outcome>

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
  const shared = redis ? await sharedCounters(app, redis, nameSpace) : null
  const warn = warning(app)
  let pausedUntil = 0

  return (limiter) => {
    const options = limiter as LimiterOptions<FastifyRequest>
    const own = ownCounter(options)
    if (!shared) return own
    const { name, max, windowMs, keyOf } = options
    const common = shared({
      max: max as number,
      timeWindow: windowMs,
      keyGenerator: (request) => `${name}:${keyOf(request)}`,
    })
    return async (request, call) => {
      const here = own(request, call)
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

// The library's counters without its promises, four of which would be awaited on every request.
function ownCounter({ max, windowMs, keyOf }: LimiterOptions<FastifyRequest>) {
  const counters = new LocalStore(false, false, KEPT_COUNTERS)
  return (request: FastifyRequest, call?: { increment?: boolean }): Outcome => {
    const most = typeof max === 'number' ? max : max(request)
    let counted = { current: 0, ttl: 0 }
    const take = (_error: null, result: typeof counted) => {
      counted = result
    }
    if (call?.increment === false) counters.read(keyOf(request), take, windowMs)
    else counters.incr(keyOf(request), take, windowMs, most)
    return {
      max: most,
      remaining: Math.max(0, most - counted.current),
      isExceeded: counted.current > most,
      ttlInSeconds: Math.ceil(counted.ttl / 1000),
    }
  }
}

// In a scope of its own, where nothing else of the library's registration is seen.
async function sharedCounters(app: FastifyInstance, redis: Redis, nameSpace: string) {
  let create: FastifyInstance['createRateLimit'] | undefined
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, redis, nameSpace })
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
