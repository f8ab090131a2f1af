/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * Median, least and greatest of the values.
 * @throws RangeError when there are none
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[0]
  const high = sorted.at(-1)
  if (low === undefined || high === undefined) throw new RangeError('no values')
  const middle = sorted.length / 2
  const median = Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? low) + (sorted[middle] ?? high)) / 2
    : (sorted[Math.floor(middle)] ?? low)
  return { median, low, high }
}
