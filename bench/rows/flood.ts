import { measureFlood } from '../evidence/floods.ts'
import { spreadOf } from '../harness/stats.ts'
import type { Row } from './row.ts'

const TARGET = 2
const PER_SECOND = 300

/** What a verified client feels of a flood of bad keys. */
export const flood: Row = {
  name: 'flood',
  title: `a verified client's p99 while ${PER_SECOND} bad keys a second come from its address / without them`,
  target: `< ${TARGET}`,
  async measure(stage, pace) {
    const order = { url: stage.anteroom.url, key: stage.tenant.key, perSecond: PER_SECOND }
    const result = await measureFlood(order, pace)
    const ratios = result.floodedMs.map((flooded, round) => flooded / (result.quietMs[round] as number))
    const value = spreadOf(ratios)
    const [quiet, flooded] = [spreadOf(result.quietMs), spreadOf(result.floodedMs)]
    return {
      value,
      unit: '×',
      holds: value.median < TARGET,
      note: `p99 ${flooded.median.toFixed(1)} ms, without ${quiet.median.toFixed(1)} ms; ${result.sent} bad keys`,
      details: { ratios, ...result },
    }
  },
}
