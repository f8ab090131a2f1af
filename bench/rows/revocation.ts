import { watchRevocations } from '../evidence/revocations.ts'
import type { Row } from './row.ts'

const TARGET_MS = 50
const KEYS = 60
// The first half warms the processes up and does not count.
const scale = { keys: 2 * KEYS, clients: 100, everyMs: 50, pauseMs: 250, among: ['well', 'well'] } as const

/** How long a DELETE takes until no process accepts the key, when all are well. */
export const revocation: Row = {
  name: 'revocation',
  title:
    'DELETE /api/keys/{id} until it holds in both of two processes, 100 warm clients each, who ask four times a second',
  target: `< ${TARGET_MS} ms`,
  async measure() {
    const [, sighting] = await watchRevocations(scale)
    if (!sighting) throw new Error('nothing was seen')
    if (sighting.lateAnswers['200']) throw new Error('a revoked key was accepted')
    const { median, p99, least } = sighting.deleteMs
    return {
      value: { median, low: least, high: p99 },
      unit: 'ms',
      holds: median < TARGET_MS,
      note: `${KEYS} keys; in brackets the least and the p99; ${sighting.late} later requests, none accepted`,
      details: { ...sighting },
    }
  },
}
