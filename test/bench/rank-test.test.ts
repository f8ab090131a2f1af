import t from 'tap'
import { rankTest } from '../../bench/harness/rank-test.ts'

t.test('the rank test gives the values of the textbooks', (t) => {
  // scipy.stats.mannwhitneyu(one, other, method='asymptotic')
  const one = [19, 22, 16, 29, 24]
  const other = [20, 11, 17, 12]
  const { p, superiority } = rankTest(one, other)
  t.ok(Math.abs(p - 0.11134688653) < 1e-5, String(p))
  t.equal(superiority, 17 / 20)
  t.same(rankTest(other, one).p, p)
  t.end()
})

t.test('equal samples are no different, shifted ones are', (t) => {
  const values = Array.from({ length: 200 }, (_, index) => (index * 7919) % 1000)
  t.equal(rankTest(values, values).superiority, 0.5)
  t.ok(rankTest(values, values).p > 0.99)
  t.ok(
    rankTest(
      values.map((value) => value + 150),
      values,
    ).p < 0.001,
  )
  t.equal(rankTest([1, 1, 1], [1, 1, 1]).p, 1)
  t.end()
})
