import t from 'tap'
import { circumstances, watchRevocations } from '../../bench/evidence/revocations.ts'

// At full size: node bench/evidence/revocation.ts
t.test('two processes accept no key in a request that begins after the answer to its DELETE', async (t) => {
  const sightings = await watchRevocations({
    keys: 40,
    clients: 10,
    everyMs: 50,
    pauseMs: 20,
    among: circumstances,
  })
  for (const { circumstance, revoked, late, lateAnswers, slowAnswers } of sightings) {
    t.equal(revoked, 10, circumstance)
    t.ok(late >= 2 * revoked, `${late} requests began after an answer`)
    t.equal(lateAnswers['200'], undefined, `none was accepted: ${JSON.stringify(lateAnswers)}`)
    t.ok((lateAnswers['401'] ?? 0) > 0)
    t.equal(slowAnswers['201'], undefined, `no write that began before acted: ${JSON.stringify(slowAnswers)}`)
    t.ok((slowAnswers['401'] ?? 0) > 0, 'writes were under way')
  }
})
