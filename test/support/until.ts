import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'

const LONGEST_MS = 60_000
const POLL_MS = 10

/**
 * Waits until something holds.
 * @throws Error that names it, after a minute
 */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + LONGEST_MS
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited a minute for ${what}`)
    await delay(POLL_MS)
  }
}

/** Asserts that something becomes what is expected; where it does not within a minute, the test tells what it was last. */
export async function eventually<T>(
  t: Test,
  read: () => T | Promise<T>,
  expected: T,
  what = 'it becomes what is expected',
): Promise<void> {
  let last: T | undefined
  await until(async () => {
    last = await read()
    return isDeepStrictEqual(last, expected)
  }, what).catch(() => {})
  t.same(last, expected, what)
}
