import { type Candidate, type DuelResult, duel, type Pace } from '../harness/duel.ts'
import type { Stage } from '../harness/stage.ts'
import type { Spread } from '../harness/stats.ts'
import type { Finding } from './row.ts'

/** A row that is the ratio of two candidates, and promises at least `target`. */
export async function ratioOf(
  stage: Stage,
  pace: Pace,
  candidates: readonly [Candidate, Candidate],
  target: number,
): Promise<Finding> {
  const result = await duel(stage.generator, candidates, pace)
  return {
    value: result.ratio,
    unit: '×',
    holds: result.ratio.median >= target,
    note: candidates.map(({ name }, index) => describe(name, result, index)).join(', '),
    details: { candidates: candidates.map(({ name }) => name), ...result },
  }
}

function describe(name: string, { perSecond, p99Ms }: DuelResult, index: number): string {
  const [rate, latency] = [perSecond[index], p99Ms[index]] as [Spread, Spread]
  return `${name} ${Math.round(rate.median)}/s (p99 ${latency.median.toFixed(1)} ms)`
}
