import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'
import { eventually } from '../support/until.ts'

/** A stranger's site: the same machine under another name, so that the browser takes it for another site. */
async function strangersSite(t: Test): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Stranger</title><body></body>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** A call of a function in the page, with values that JSON knows. */
function inPage<A extends unknown[]>(work: (...args: A) => unknown, ...args: A): string {
  return `(${work})(...${JSON.stringify(args)})`
}

t.test('a stranger’s page', { skip: withoutBrowser }, async (t) => {
  const server = await testApp(t)
  const { page, base, logIn, go, context } = await openDashboard(t, server)
  const owner = await server.tenant()
  await logIn(owner)
  await go('/settings/keys')
  await page.getByRole('table').waitFor()
  const site = await strangersSite(t)
  const stranger = await context.newPage()
  const keysNow = async () => {
    const { body } = await server.call('GET', '/api/keys', { headers: owner.auth })
    return body.keys.map((key: { id: string; status: string }) => `${key.id} ${key.status}`)
  }
  const before = await keysNow()

  t.test('can make the dashboard do nothing by a form or a request', async (t) => {
    for (const [path, method] of [
      ['/api/keys', 'POST'],
      [`/api/keys/${owner.keyId}`, 'DELETE'],
      ['/dashboard/session', 'DELETE'],
      ['/dashboard/session', 'POST'],
    ] as const) {
      await stranger.goto(site)
      const outcome = await stranger.evaluate<string[]>(
        inPage(
          async (url: string, verb: string) => {
            const send = (mode: 'cors' | 'no-cors') =>
              fetch(url, {
                method: verb,
                mode,
                credentials: 'include',
                headers: { 'content-type': 'text/plain' },
                body: '{"name":"Stolen"}',
              }).then(
                (answer) => `${answer.type} ${answer.status}`,
                () => 'blocked',
              )
            return [await send('cors'), verb === 'POST' ? await send('no-cors') : 'blocked']
          },
          base + path,
          method,
        ),
      )
      t.equal(outcome[0], 'blocked', `${method} ${path}: the browser keeps the answer`)
      t.not(outcome[1], 'cors 201')
    }
    await stranger.goto(site)
    await stranger.setContent(
      `<form method="post" enctype="text/plain" action="${base}/api/keys"><input name='{"name":"Stolen","x":"' value='"}'></form>`,
    )
    await stranger.evaluate('document.forms[0].submit()')
    await stranger.waitForURL(`${base}/api/keys`)
    t.match(await stranger.locator('body').innerText(), /FORBIDDEN|UNAUTHORIZED|UNSUPPORTED/)
    t.same(await keysNow(), before)
    await page.reload()
    await page.getByRole('table').waitFor()
    t.equal(await page.getByRole('button', { name: 'Log out' }).count(), 1, 'nobody was logged out')
  })

  t.test('reads nothing', async (t) => {
    await stranger.goto(site)
    for (const path of ['/api/whoami', '/api/keys', '/api/logs', '/dashboard/']) {
      const read = await stranger.evaluate<string>(
        inPage(
          (url: string) =>
            fetch(url, { credentials: 'include' }).then(
              (answer) => answer.text(),
              () => 'blocked',
            ),
          base + path,
        ),
      )
      t.equal(read, 'blocked', path)
    }
    const script = await stranger.evaluate(`new Promise((resolve) => {
      const tag = document.createElement('script')
      tag.onload = () => resolve('ran')
      tag.onerror = () => resolve('blocked')
      tag.src = ${JSON.stringify(`${base}/api/whoami`)}
      document.head.append(tag)
    })`)
    t.equal(script, 'blocked', 'nor as a script')
  })

  t.test('frames nothing, and keeps no hand on a window that it opened', async (t) => {
    await stranger.goto(site)
    const address = JSON.stringify(`${base}/dashboard/settings/keys`)
    const refused = stranger.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()))
    await stranger.evaluate(`void (document.body.append(
      Object.assign(document.createElement('iframe'), { src: ${address} })
    ))`)
    t.match((await refused).text(), "frame-ancestors 'none'")
    const opening = context.waitForEvent('page')
    await stranger.evaluate(`void (globalThis.opened = open(${address}))`)
    const opened = await opening
    await opened.getByRole('table').waitFor()
    t.equal(await opened.evaluate('opener'), null, 'it does not know who opened it')
    const lost = () => stranger.evaluate('opened.closed')
    await eventually(t, lost, true, 'and who opened it has lost it')
  })
})
