import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { BuiltFiles } from '../../operations/sdk/built-files.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { testApp } from '../support/app.ts'
import { buildSdk } from '../support/careers-page.ts'

buildSdk()
const versioned = `/sdk/${packageJson.version}`

t.test('the SDK is served to any page', async (t) => {
  const { app } = await testApp(t)
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

  t.test('asked for anew under /sdk.js, kept for a year under its version', async (t) => {
    const newest = await get('/sdk.js')
    t.equal(newest.headers['cache-control'], 'public, no-cache')
    t.match(newest.headers['content-type'], /^text\/javascript/)
    const release = await get(`${versioned}/sdk.js`)
    t.equal(release.headers['cache-control'], 'public, max-age=31536000, immutable')
    t.equal(release.body, newest.body)
    for (const { headers } of [newest, release, await get('/sdk.json')]) {
      t.equal(headers['access-control-allow-origin'], '*')
      t.equal(headers['cross-origin-resource-policy'], 'cross-origin')
    }
  })

  t.test('compressed as the browser wants it, each form with an ETag of its own', async (t) => {
    const plain = await get('/sdk.js')
    const gzip = await get('/sdk.js', { 'accept-encoding': 'gzip, deflate' })
    const brotli = await get('/sdk.js', { 'accept-encoding': 'gzip, deflate, br, zstd' })
    t.equal(gzip.headers['content-encoding'], 'gzip')
    t.equal(gunzipSync(gzip.rawPayload).toString(), plain.body)
    t.equal(brotli.headers['content-encoding'], 'br')
    t.equal(brotliDecompressSync(brotli.rawPayload).toString(), plain.body)
    t.notOk((await get('/sdk.js', { 'accept-encoding': 'br;q=0, gzip;q=0.0' })).headers['content-encoding'])
    t.equal(new Set([plain, gzip, brotli].map(({ headers }) => headers.etag)).size, 3)
    for (const { headers } of [plain, gzip, brotli]) t.equal(headers.vary, 'accept-encoding')
  })

  t.test('a browser that has it is told so', async (t) => {
    const { headers } = await get('/sdk.js')
    const again = await get('/sdk.js', { 'if-none-match': `"other", W/${headers.etag}` })
    t.equal(again.statusCode, 304)
    t.equal(again.body, '')
    t.equal(again.headers.etag, headers.etag)
    t.equal((await get('/sdk.js', { 'if-none-match': '"other"' })).statusCode, 200)
    const head = await app.inject({ method: 'HEAD', url: '/sdk.js' })
    t.equal(head.statusCode, 200)
    t.equal(head.headers.etag, headers.etag)
  })

  t.test('the hashes that it tells of are those of the files', async (t) => {
    const release = (await get('/sdk.json')).json()
    for (const { url, integrity } of [release.script, release.module]) {
      const { rawPayload } = await get(new URL(url).pathname)
      t.equal(integrity, `sha384-${createHash('sha384').update(rawPayload).digest('base64')}`)
    }
    const types = await get(new URL(release.types.url).pathname)
    t.match(types.body, /export declare const mount: InterviewSdk\['mount'\]/)
  })

  t.test('so are the texts of each language', async (t) => {
    for (const code of ['ar', 'de', 'es', 'fr', 'it', 'pl', 'pt']) {
      const { statusCode, headers } = await get(`${versioned}/${code}.txt`)
      t.equal(statusCode, 200, code)
      t.equal(headers['access-control-allow-origin'], '*')
      t.equal(headers['content-type'], 'text/plain; charset=utf-8')
    }
  })

  t.test('nothing else is', async (t) => {
    const others = [
      'sdk.json',
      'package.json',
      '.built',
      'sdk.js.br',
      '..%2fdashboard%2findex.html',
      '%2e%2e',
    ]
    for (const file of others) t.equal((await get(`${versioned}/${file}`)).statusCode, 404, file)
    t.equal((await get('/sdk/0.0.1/sdk.js')).statusCode, 404, 'another version')
  })

  t.test('the hosted page loads all from here, and gives itself microphone and camera', async (t) => {
    const { statusCode, headers, body } = await get('/interview')
    t.equal(statusCode, 200)
    t.match(headers['permissions-policy'], /camera=\(self\), microphone=\(self\)/)
    t.notMatch(headers['content-security-policy'], /unsafe/)
    t.notMatch(body, /<script>|<style|style=|\son\w+=/, 'nothing inline')
    for (const [, url = ''] of body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      t.equal((await get(url)).statusCode, 200, url)
    }
  })
})

t.test('what was not built is not there', async (t) => {
  t.equal(await new BuiltFiles('no-such-program').get('sdk.js'), null)
})
