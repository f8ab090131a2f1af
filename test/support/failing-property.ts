import fc from 'fast-check'
import t from 'tap'

// Run by test/gates/reporter.test.ts: what the reporter must tell of a property that does not hold.
t.test('a property', (t) => {
  fc.assert(
    fc.property(fc.integer(), (n) => n < 100),
    { seed: 42 },
  )
  t.end()
})

t.test('a property that throws', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      if (text.includes('#')) throw new Error(`refuses ${text}`)
    }),
    { seed: 42, examples: [['# TODO {']] },
  )
})

t.test('a property within an assertion', async (t) => {
  const check = () =>
    fc.assert(
      fc.property(fc.integer(), (n) => n < 100),
      { seed: 42 },
    )
  t.doesNotThrow(check, 'holds')
})
