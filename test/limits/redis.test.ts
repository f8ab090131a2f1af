import { Redis } from 'ioredis'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { redisProgram, redisServer } from '../support/redis.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { inventedKey } from '../support/wrong-keys.ts'

const ALLOWANCE = 10
const program = redisProgram()

async function ask(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/api/whoami`, { headers: { authorization: `Bearer ${key}` } })
  await response.arrayBuffer()
  return response.status
}

if (!program && !process.env.CI) {
  t.test(
    'limits shared through Redis',
    { skip: 'no redis-server here: apt-get install redis-server' },
    async () => {},
  )
} else {
  t.test('limits are shared through Redis, survive its loss, and are shared again', async (t) => {
    const redis = await redisServer(t, program as string)
    const { databaseUrl, tenant } = await testApp(t)
    const { key, organizationId } = await tenant()
    const dataDir = t.testdir()
    const variables = {
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      AUTH_FAILURES_PER_MINUTE: String(ALLOWANCE),
    }
    const [one, two] = await Promise.all([startServer(t, variables), startServer(t, variables)])
    const client = new Redis(redis.url)
    client.on('error', () => {})
    t.teardown(() => client.disconnect())
    const nameOf = async (what: string) => (await client.keys(`anteroom-sandbox-*${what}`))[0] ?? ''
    const inRedis = async (what: string) => Number(await client.get(await nameOf(what)))
    const failures = 'failures:127.0.0.1'
    const requests = `organization:${organizationId}`

    /** By server the failures that it has counted itself. */
    const own = new Map([one, two].map(({ url }) => [url, 0]))
    const ownOf = (url: string) => own.get(url) as number
    const fail = async (url: string) => {
      const status = await ask(url, inventedKey())
      if (status === 401) own.set(url, ownOf(url) + 1)
      return status
    }
    // After an answer of Redis that came late a server counts alone for a second, on a busy machine also unasked.
    const inTouch = (url: string) =>
      until(async () => {
        const before = await inRedis(requests)
        if ((await ask(url, key)) !== 200) throw new Error('a good key was refused')
        return (await inRedis(requests)) > before
      }, 'a request that is counted in Redis')
    const failUntilShared = async (url: string, count: number) => {
      while ((await inRedis(failures)) < count) {
        await inTouch(url)
        t.equal(await fail(url), 401)
      }
    }
    /** That it refuses for what Redis counted: its own count does not reach the allowance. */
    const refusesForOthers = async (url: string, why: string) => {
      await until(async () => {
        await inTouch(url)
        return (await fail(url)) === 429
      }, why)
      t.ok(ownOf(url) < ALLOWANCE, `${why}: ${ownOf(url)} of its own`)
    }

    await failUntilShared(one.url, ALLOWANCE / 2)
    await failUntilShared(two.url, ALLOWANCE)
    for (const { url } of [one, two]) await refusesForOthers(url, 'ten failures in all')
    t.same([await ask(one.url, key), await ask(two.url, key)], [200, 200])

    await redis.kill()
    while (ownOf(one.url) < ALLOWANCE) t.equal(await fail(one.url), 401, 'those that it counted itself')
    t.equal(await fail(one.url), 429, 'the door is not open without Redis')
    t.same([await ask(one.url, key), await ask(two.url, key)], [200, 200], 'and not shut')
    const warned = /Redis is out of reach: limits are counted by this process alone/
    await until(() => warned.test(one.output()), 'word of it in the log')
    t.notMatch(one.output(), key)

    await redis.start()
    await inTouch(one.url)
    t.equal(await fail(one.url), 429, 'an empty Redis forgives nothing')
    // Two has failures left of its own: only what is shared can stop it earlier.
    await failUntilShared(two.url, 1)
    await client.set(await nameOf(failures), ALLOWANCE, 'PX', 60_000)
    await refusesForOthers(two.url, 'what others counted holds again')
  })

  t.test('a Redis that hangs costs a request or two a quarter of a second, and fails none', async (t) => {
    const redis = await redisServer(t, program as string)
    const server = await testApp(t, { REDIS_URL: redis.url, AUTH_FAILURES_PER_MINUTE: String(ALLOWANCE) })
    const { auth } = await server.tenant()
    redis.freeze()
    t.teardown(() => redis.thaw())
    for (let index = 0; index < 50; index += 1) {
      t.equal((await server.call('GET', '/api/whoami', { headers: auth })).status, 200)
    }
    redis.thaw()
  })
}
