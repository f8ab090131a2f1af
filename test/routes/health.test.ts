import t from 'tap'
import packageJson from '../../package.json' with { type: 'json' }
import { testApp } from '../support/app.ts'

t.test('the probes tell the version', async (t) => {
  const { app, call } = await testApp(t)
  for (const path of ['/healthz', '/readyz']) {
    const answer = await call('GET', path)
    t.equal(answer.status, 200)
    t.equal(answer.headers['x-anteroom-version'], packageJson.version)
  }
  app.starting.underWay = true
  const refused = await call('GET', '/readyz')
  t.equal(refused.status, 503)
  t.equal(refused.headers['x-anteroom-version'], packageJson.version, 'while it starts too')
  t.equal((await call('GET', '/api/whoami')).headers['x-anteroom-version'], undefined, 'nothing else does')
})
