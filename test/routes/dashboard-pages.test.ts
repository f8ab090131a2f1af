import { readdirSync } from 'node:fs'
import t from 'tap'
import { testApp } from '../support/app.ts'

t.test('the dashboard’s pages', async (t) => {
  const { app } = await testApp(t)
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

  t.test('every address of it answers with the page, under a CSP without anything inline', async (t) => {
    for (const url of [
      '/dashboard',
      '/dashboard/',
      '/dashboard/settings/keys',
      '/dashboard/reset',
      '/dashboard/a/b/c',
    ]) {
      const { statusCode, headers, body } = await get(url)
      t.equal(statusCode, 200, url)
      t.match(headers['content-type'], 'text/html')
      t.match(body, '<div id="app">')
      t.equal(headers['cache-control'], 'no-cache')
      t.match(headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/)
      t.notMatch(headers['content-security-policy'], /unsafe|https?:|\*/)
      t.equal(headers['x-frame-options'], 'DENY')
      t.equal(headers['cross-origin-opener-policy'], 'same-origin')
    }
  })

  t.test('scripts and styles are compressed beforehand, and stay in the browser for good', async (t) => {
    const [script = ''] = readdirSync('web/dist/dashboard/assets').filter((name) =>
      /^index-.*\.js$/.test(name),
    )
    const plain = await get(`/dashboard/assets/${script}`)
    t.equal(plain.statusCode, 200)
    t.match(plain.headers['content-type'], 'javascript')
    t.match(plain.headers['cache-control'], /immutable/)
    t.match(plain.headers['cache-control'], /max-age=31536000/)
    t.equal(plain.headers['content-encoding'], undefined)
    for (const encoding of ['br', 'gzip']) {
      const packed = await get(`/dashboard/assets/${script}`, { 'accept-encoding': encoding })
      t.equal(packed.headers['content-encoding'], encoding)
      t.ok(packed.rawPayload.length < plain.rawPayload.length / 2, `${packed.rawPayload.length} bytes`)
    }
  })

  t.test('nothing else of the folder is given out', async (t) => {
    t.equal((await get('/dashboard/assets/gone.js')).statusCode, 404)
    for (const url of [
      '/dashboard/.built',
      '/dashboard/assets/..%2f.built',
      '/dashboard/..%2f..%2f..%2fpackage.json',
    ]) {
      const answer = await get(url)
      t.notMatch(answer.body, /devDependencies|^[0-9a-f]{64}$/, url)
      t.ok([200, 404].includes(answer.statusCode), `${url}: ${answer.statusCode}`)
    }
  })
})
