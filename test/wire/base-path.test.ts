import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { withoutBasePath } from '../../plugins/base-path.ts'
import { testApp } from '../support/app.ts'
import { pdf } from '../support/files.ts'
import { pathProxy } from '../support/path-proxy.ts'
import { beginInterview } from '../support/recordings.ts'

const PATH = '/tools/anteroom'

for (const strips of [true, false]) {
  t.test(`PUBLIC_URL with a path, behind a proxy that ${strips ? 'strips' : 'keeps'} it`, async (t) => {
    const proxy = await pathProxy(t, PATH, strips)
    const server = await testApp(t, { PUBLIC_URL: `${proxy.url}/` })
    proxy.target = await server.listen()
    const { auth, email, password } = await server.tenant()
    /** What a client gets that follows an absolute link, or one that the answer to `from` gave it. */
    const get = (link: string, from = `${proxy.url}/`, init: RequestInit = {}) =>
      fetch(new URL(link, from), { redirect: 'manual', ...init })

    t.test('the API', async (t) => {
      t.equal((await get(`${proxy.url}/healthz`)).status, 200)
      t.equal((await get(`${proxy.url}/api/whoami?a=b`, undefined, { headers: auth })).status, 200)
      t.equal((await get(`${proxy.url}/api/whoami/`, undefined, { headers: auth })).status, 200)
      const missing = await get(`${proxy.url}/nothing`)
      t.equal(missing.status, 404)
      t.equal((await get(`${proxy.url}/healthz`, undefined, { method: 'PUT' })).status, 405)
    })

    t.test('the root, with and without its slash, and the docs', async (t) => {
      for (const root of [proxy.url, `${proxy.url}/`, `${proxy.url}/?a=b`]) {
        const browser = await get(root, undefined, { headers: { accept: 'text/html' } })
        t.equal(browser.headers.get('location'), `${proxy.url}/docs`, root)
        const index = (await (await get(root)).json()) as { links: Record<string, string> }
        for (const [name, link] of Object.entries(index.links)) {
          t.ok(link.startsWith(`${proxy.url}/`), link)
          if (name !== 'api') t.equal((await get(link)).status, 200, link)
        }
      }
      const openapi = (await (await get(`${proxy.url}/openapi.json`)).json()) as {
        servers: { url: string }[]
      }
      t.equal(openapi.servers[0]?.url, PATH)
      const docs = `${proxy.url}/docs`
      for (const link of linksIn(await (await get(docs)).text()))
        t.equal((await get(link, docs)).status, 200, link)
    })

    t.test('pages find their scripts and styles', async (t) => {
      for (const page of ['/dashboard', '/dashboard/settings/keys', '/interview']) {
        const address = proxy.url + page
        const links = linksIn(await (await get(address)).text())
        t.ok(links.length >= 3, page)
        for (const link of links) {
          const { status, headers } = await get(link, address)
          t.equal(status, 200, link)
          t.notMatch(headers.get('content-type'), /html/, link)
        }
      }
      const release = (await (await get(`${proxy.url}/sdk.json`)).json()) as Record<string, { url?: string }>
      for (const { url } of Object.values(release)) if (url) t.equal((await get(url)).status, 200, url)
    })

    t.test('the cookie is for the path alone', async (t) => {
      const opened = await get(`${proxy.url}/dashboard/session`, undefined, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
      t.equal(opened.status, 201)
      const cookies = opened.headers.getSetCookie()
      t.equal(cookies.length, 2)
      for (const cookie of cookies) t.match(cookie, `Path=${PATH}`)
      const cookie = cookies.map((text) => text.split(';')[0]).join('; ')
      const whoami = await get(`${proxy.url}/api/whoami`, undefined, {
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
      })
      t.equal(whoami.status, 200)
    })

    t.test('links to files, and the place of an upload', async (t) => {
      const { candidateId, session } = await beginInterview(server, auth)
      const form = new FormData()
      form.append('file', new Blob([new Uint8Array(pdf())], { type: 'application/pdf' }), 'cv.pdf')
      const kept = await get(`${proxy.url}/api/candidates/${candidateId}/files`, undefined, {
        method: 'POST',
        headers: auth,
        body: form,
      })
      t.equal(kept.status, 201)
      const { url } = (await kept.json()) as { url: string }
      t.equal((await get(url)).status, 200, url)
      const uploads = `${proxy.url}/api/embed/interview/uploads`
      const begun = await get(uploads, undefined, {
        method: 'POST',
        headers: {
          ...session,
          'tus-resumable': '1.0.0',
          'upload-length': '10',
          'upload-metadata': `questionId ${Buffer.from('audio').toString('base64')}`,
        },
      })
      t.equal(begun.status, 201)
      const place = begun.headers.get('location') ?? ''
      const head = await get(place, uploads, {
        method: 'HEAD',
        headers: { ...session, 'tus-resumable': '1.0.0' },
      })
      t.equal(head.status, 200, place)
    })
  })
}

t.test('a secure cookie under a path says so in its name', async (t) => {
  const server = await testApp(t, { PUBLIC_URL: 'https://example.com/anteroom' })
  const { email, password } = await server.tenant()
  const { headers } = await server.call('POST', '/dashboard/session', { body: { email, password } })
  for (const cookie of [headers['set-cookie']].flat()) {
    t.match(cookie, /^__Secure-anteroom.*; Path=\/anteroom;.*Secure/)
  }
})

t.test('a path that is one of the server’s own', async (t) => {
  const server = { firstSegments: new Set(['api', 'dashboard', 'healthz']) } as unknown as FastifyInstance
  const routed = (base: string, url: string) => withoutBasePath(base).call(server, { url } as never)
  for (const [base, url, expected] of [
    ['/a', '/a/api/keys?x=/a', '/api/keys?x=/a'],
    ['/a', '/a', '/'],
    ['/a', '/a/', '/'],
    ['/a', '/a?x', '/?x'],
    ['/a', '/api/keys', '/api/keys'],
    ['/a', '/a/nothing', '/a/nothing'],
    ['/a', '/healthz', '/healthz'],
    ['/api', '/api/api/keys', '/api/keys'],
    ['/api', '/api/keys', '/api/keys'],
    ['/api', '/api/dashboard', '/dashboard'],
    ['/dashboard', '/dashboard', '/dashboard'],
    ['/dashboard', '/dashboard/login', '/dashboard/login'],
    ['/dashboard', '/dashboard/dashboard/login', '/dashboard/login'],
    ['/dashboard', '/dashboard/api/keys', '/api/keys'],
  ] as const) {
    t.equal(routed(base, url), expected, `${url} below ${base}`)
  }
})

/** The scripts, styles and icons of a page. */
function linksIn(html: string): string[] {
  return [...html.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="([^"]+)"/g)].map(
    ([, link]) => link as string,
  )
}
