import t from 'tap'
import { AcknowledgementBook } from '../../operations/revocation/receipt.ts'

// A timer fires up to a millisecond early: one receipt in a hundred named a moment at which the last lease still ran.
t.test('a receipt is not of before the end of a lease that it waited for', async (t) => {
  const book = new AcknowledgementBook()
  const here = { id: 'rep_here', acknowledgedAt: new Date() }
  // Who waits for a receipt keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  const early: number[] = []
  for (let count = 0; count < 200; count += 1) {
    // At any moment within a millisecond, not just after a timer.
    const begin = performance.now() + Math.random()
    while (performance.now() < begin);
    const lapsesAt = Date.now() + 1
    const { effectiveAt } = await book.wait(['1'], [{ id: 'rep_dead', remainingMs: 1 }], here)
    if (effectiveAt.getTime() < lapsesAt) early.push(effectiveAt.getTime() - lapsesAt)
  }
  t.same(early, [])
})
