import path from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'

// Read as it runs: the browser's sources are checked by a configuration of their own.
const { ago, duration } = (await import(pathToFileURL(path.resolve('web/dashboard/app/format.ts')).href)) as {
  ago: (at: string, now: number) => string
  duration: (ms: number) => string
}

const MINUTE = 60_000
const DAY = 86_400_000
const now = Date.parse('2026-03-01T12:00:00.000Z')
const at = (ms: number) => new Date(now + ms).toISOString()

t.test('a time that is left is told in whole units, never more than there is', async (t) => {
  const left = DAY - MINUTE
  t.equal(duration(left), '23 h 59 min')
  t.equal(ago(at(left), now), 'in 23 h')
  t.equal(duration(DAY), '1 day')
  t.equal(duration(3 * DAY + 4 * 3_600_000), '3 days 4 h')
  t.equal(duration(70_000), '1 min 10 s')
  t.equal(duration(-5), '0 s')
  t.equal(ago(at(-2 * DAY + 1000), now), '1 day ago')
  t.equal(ago(at(-30_000), now), 'just now')
  t.match(ago(at(45 * DAY), now), /2026/)
})

t.test('what says how much time is left and what says when it ends agree about every instant', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 30 * DAY }), (ms) => {
      const left = duration(ms)
      const ends = ago(at(ms), now)
      t.ok(left.startsWith(ends.replace(/^in /, '')), `${left} left, ends ${ends}`)
    }),
  )
})
