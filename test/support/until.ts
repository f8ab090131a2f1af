import { setTimeout as delay } from 'node:timers/promises'

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
