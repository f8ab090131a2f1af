import t from 'tap'
import type { Setting } from './model-state.ts'
import { search } from './search.ts'

type Fault = keyof NonNullable<Setting['faults']>

for (const other of [null, 'something else', 'the same key'] as const) {
  t.test(
    `no order of steps lets a revoked key in after the answer; besides it changes: ${other}`,
    async (t) => {
      const { states, counterexample, seen } = search({ other })
      t.comment(`${states} states`)
      t.equal(counterexample, null)
      for (const [name, count] of Object.entries(seen)) t.ok(count > 0, `${name}: ${count} states`)
    },
  )
}

t.test('no order of steps lets a write by a revoked key commit after the answer', async (t) => {
  const { states, counterexample } = search({ other: null, writes: true })
  t.comment(`${states} states`)
  t.equal(counterexample, null)
})

for (const fault of ['noStandingLock', 'noStandingCheck'] as const) {
  t.test(`the search finds the fault ${fault}`, async (t) => {
    const { counterexample } = search({ other: null, writes: true, faults: { [fault]: true } })
    t.comment(counterexample?.join(', ') ?? 'none')
    t.equal(counterexample?.at(-1), 'the write commits')
  })
}

const faults: [Fault, Setting['other']][] = [
  ['noReread', null],
  ['liveRowsOnly', null],
  ['readBeforeLock', null],
  ['upsert', null],
  ['horizonById', 'something else'],
  ['trustFromAnswer', null],
  ['untrustedJoin', null],
  ['idsOutOfOrder', 'the same key'],
  ['keptMemory', null],
  ['lossIsConsent', null],
]

for (const [fault, other] of faults) {
  t.test(`the search finds the fault ${fault}`, async (t) => {
    const { states, counterexample } = search({ other, faults: { [fault]: true } })
    t.comment(`${states} states; ${counterexample?.join(', ')}`)
    t.ok(counterexample)
  })
}
