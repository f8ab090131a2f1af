// node bench/evidence/flood.ts [--count 10000] [--per-second 300] [--rounds 5]: what a flood of bad keys costs.
import { statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inventedKey, withWrongSecret } from '../../test/support/wrong-keys.ts'
import { bearer, makeKey, makeTenant } from '../harness/anteroom.ts'
import { spreadOf } from '../harness/stats.ts'
import { startFleet } from './fleet.ts'
import { measureFlood } from './floods.ts'

const FIRST_USES = 1000
const AT_ONCE = 100

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    'per-second': { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
  },
})

const counter = join(tmpdir(), `anteroom-bcrypts-${process.pid}`)
writeFileSync(counter, '')
const fleet = await startFleet(1, {
  ANTEROOM_ENV: 'sandbox',
  LOG_LEVEL: 'silent',
  RATE_LIMIT_PER_MINUTE: '1000000000',
  NODE_OPTIONS: `--import ${new URL('./count-bcrypt.ts', import.meta.url).href}`,
  BCRYPT_COUNT_FILE: counter,
})
try {
  const url = fleet.servers[0]?.url as string
  const { accessToken, key } = await makeTenant(url, 0)
  const later = await makeKey(url, accessToken)
  const count = Number(values.count)
  await tell('concurrent first uses of one key', FIRST_USES, FIRST_USES, () => key)
  await tell('invented keys', count, AT_ONCE, inventedKey)
  await tell('wrong secrets of a real key', count, AT_ONCE, () => withWrongSecret(key))
  await tell('a good key for the first time, from the flooded address', 1, 1, () => later)
  const order = { url, key, perSecond: Number(values['per-second']) }
  const { quietMs, floodedMs, ...flood } = await measureFlood(order, {
    rounds: Number(values.rounds),
    seconds: 2,
  })
  const ratio = spreadOf(floodedMs.map((flooded, round) => flooded / (quietMs[round] as number)))
  process.stdout.write(
    `${JSON.stringify({ quiet: spreadOf(quietMs), flooded: spreadOf(floodedMs), ratio, ...flood })}\n`,
  )

  async function tell(what: string, times: number, atOnce: number, keyOf: () => string): Promise<void> {
    const before = statSync(counter).size
    const statuses: Record<string, number> = {}
    for (let done = 0; done < times; done += atOnce) {
      const answers = Array.from({ length: atOnce }, () =>
        fetch(`${url}/api/whoami`, { headers: bearer(keyOf()) }).then(async (response) => {
          await response.arrayBuffer()
          return response.status
        }),
      )
      for (const status of await Promise.all(answers)) statuses[status] = (statuses[status] ?? 0) + 1
    }
    const bcrypts = statSync(counter).size - before
    process.stdout.write(`${JSON.stringify({ what, times, statuses, bcrypts })}\n`)
  }
} finally {
  await fleet.stop()
}
