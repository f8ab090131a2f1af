import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { redisProgram, redisServer } from '../support/redis.ts'
import { startServer } from '../support/server-process.ts'
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
    const { key } = await tenant()
    const dataDir = t.testdir()
    const variables = {
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      AUTH_FAILURES_PER_MINUTE: String(ALLOWANCE),
    }
    const [one, two] = await Promise.all([startServer(t, variables), startServer(t, variables)])
    const fails = async (url: string, times: number) => {
      const statuses: number[] = []
      for (let index = 0; index < times; index += 1) statuses.push(await ask(url, inventedKey()))
      return statuses
    }
    const forgetShared = async () => {
      const client = new Redis(redis.url)
      await client.flushall()
      client.disconnect()
    }

    t.same(await fails(one.url, ALLOWANCE / 2), Array(ALLOWANCE / 2).fill(401))
    t.same(await fails(two.url, ALLOWANCE / 2), Array(ALLOWANCE / 2).fill(401))
    t.same([...(await fails(one.url, 1)), ...(await fails(two.url, 1))], [429, 429], 'ten failures in all')
    t.same([await ask(one.url, key), await ask(two.url, key)], [200, 200])

    await redis.kill()
    // Five of them each has counted itself.
    t.same(await fails(one.url, ALLOWANCE / 2), Array(ALLOWANCE / 2).fill(401))
    t.same(await fails(one.url, 1), [429], 'the door is not open without Redis')
    t.same([await ask(one.url, key), await ask(two.url, key)], [200, 200], 'and not shut')
    t.match(one.output(), /Redis is out of reach: limits are counted by this process alone/)
    t.notMatch(one.output(), key)

    await redis.start()
    t.same(await fails(one.url, 1), [429], 'an empty Redis forgives nothing')
    // Two has five failures left of its own; one is past the ten, so that only what is shared can stop two earlier.
    await shared(redis.url, async () => void (await ask(two.url, key)))
    t.same(await ask(two.url, key), 200)

    await forgetShared()
    const client = new Redis(redis.url)
    t.teardown(() => client.disconnect())
    await fails(two.url, 1)
    const names = await client.keys('anteroom-sandbox-*')
    t.ok(
      names.some((name) => name.includes('failures:127.0.0.1')),
      names.join(),
    )
    await client.set(
      names.find((name) => name.includes('failures:127.0.0.1')) as string,
      ALLOWANCE,
      'PX',
      60_000,
    )
    t.same(await fails(two.url, 1), [429], 'what others counted holds again')
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

/** Repeats `work` until a counter of ours is in Redis. */
async function shared(url: string, work: () => Promise<void>): Promise<void> {
  const client = new Redis(url)
  while ((await client.keys('anteroom-sandbox-*')).length === 0) {
    await work()
    await delay(25)
  }
  client.disconnect()
}
