/** What the Mann-Whitney U test says of two samples. */
export interface RankTest {
  /** Of 1: how often a value of the first sample is above one of the second; 0.5 where neither tends to be. */
  readonly superiority: number
  /** Two-sided: how likely so uneven ranks are where both samples come from one distribution. */
  readonly p: number
}

/**
 * The Mann-Whitney U test, by its normal approximation with correction for ties and continuity: sound from about 20
 * values each, and indifferent to outliers, as it sees ranks alone.
 */
export function rankTest(one: readonly number[], other: readonly number[]): RankTest {
  const all = [
    ...one.map((value) => ({ value, first: true })),
    ...other.map((value) => ({ value, first: false })),
  ]
  all.sort((a, b) => a.value - b.value)
  const count = all.length
  let ranks = 0
  let ties = 0
  for (let start = 0; start < count; ) {
    let end = start + 1
    while (end < count && all[end]?.value === all[start]?.value) end += 1
    const rank = (start + 1 + end) / 2
    for (let index = start; index < end; index++) if (all[index]?.first) ranks += rank
    ties += (end - start) ** 3 - (end - start)
    start = end
  }
  const pairs = one.length * other.length
  const u = ranks - (one.length * (one.length + 1)) / 2
  const variance = (pairs / 12) * (count + 1 - ties / (count * (count - 1)))
  const distance = Math.max(0, Math.abs(u - pairs / 2) - 0.5)
  const p = variance === 0 ? 1 : 2 * (1 - normalBelow(distance / Math.sqrt(variance)))
  return { superiority: u / pairs, p: Math.min(1, p) }
}

// Abramowitz and Stegun, 7.1.26: wrong by less than 1.5e-7.
function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const erf = 1 - poly * Math.exp(-x * x)
  return z >= 0 ? (1 + erf) / 2 : (1 - erf) / 2
}
