// As many of one account's tries as are under way at once (operations/authentication/throttle.ts).
const AT_ONCE = 4

/**
 * How many of a burst of wrong guesses can have been tried, at the very most. The first ones are free; from then on
 * each failure doubles the wait, so that all who were under way when it began may be tried, and as many again whenever
 * it has run out.
 * @param free tries that no wait follows
 * @param seconds that the burst took: a slow machine fits more of the short waits into it
 */
export function mostTries(free: number, seconds: number): number {
  const waitsOver = seconds < 1 ? 0 : 1 + Math.floor(Math.log2(seconds))
  return free + AT_ONCE + waitsOver
}
