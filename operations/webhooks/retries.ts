const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After which time a failed attempt is followed by the next, in milliseconds: the schedule of Standard Webhooks. */
export const retryDelays: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
]

/** What a delay may grow by: those that failed together do not come back together. */
export const JITTER = 0.1
/** A receiver that wants to be left alone for longer is asked again after a day. */
const LONGEST_PAUSE = 24 * HOUR

/**
 * How long to wait after an attempt failed; null: it was the last.
 * @param tries attempts since the delivery was put into the queue, that one included
 * @param retryAfter milliseconds that the receiver asked for, or null
 * @param random from 0 to 1
 */
export function delayAfter(
  tries: number,
  retryAfter: number | null,
  random: number = Math.random(),
): number | null {
  const delay = retryDelays[tries - 1]
  if (delay === undefined) return null
  return Math.max(Math.round(delay * (1 + JITTER * random)), retryAfter ?? 0)
}

/**
 * Reads Retry-After (RFC 9110, 10.2.3), which is heeded on 429 and 503: seconds, or a date.
 * @param now milliseconds since 1970
 * @returns milliseconds, a day at most; null where there is none that can be read
 */
export function readRetryAfter(status: number, header: string | undefined, now: number): number | null {
  if (header === undefined || (status !== 429 && status !== 503)) return null
  const text = header.trim()
  const wait = /^\d{1,10}$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now
  if (Number.isNaN(wait)) return null
  return Math.min(Math.max(wait, 0), LONGEST_PAUSE)
}
