import type { Route } from 'playwright-core'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { expectRefusals, openDashboard } from '../support/dashboard.ts'
import { until } from '../support/until.ts'

t.test('watching and settings', { skip: withoutBrowser }, async (t) => {
  const server = await testApp(t)
  const { call } = server
  const { page, trouble, go, base, logIn, browser } = await openDashboard(t, server)
  const owner = await server.tenant()
  await logIn(owner)
  const ask = (path: string, key = owner.key) =>
    fetch(base + path, { headers: { authorization: `Bearer ${key}` } })
  const row = (text: string) => page.getByRole('row').filter({ hasText: text }).first()
  const dialog = page.getByRole('dialog')

  t.test('the log: filtered, kept in the URL, followed live, and one request in words', async (t) => {
    const { body: small } = await call('POST', '/api/keys', {
      headers: owner.auth,
      body: { name: 'Small', scopes: ['logs:read'] },
    })
    const refused = await ask('/api/campaigns', small.key)
    t.equal(refused.status, 403)
    await server.app.accessLog.flush()
    await go('/logs')
    await row('/api/campaigns').getByText('scope missing:campaigns:read').waitFor()
    await page.getByRole('combobox', { name: 'Status' }).selectOption('403')
    await row('POST /api/keys').waitFor({ state: 'detached' })
    t.match(page.url(), /status=403/)
    await page.reload()
    await row('GET /api/campaigns').waitFor()
    t.equal(await page.getByRole('combobox', { name: 'Status' }).inputValue(), '403')
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await row('POST /api/keys').waitFor()

    await page.getByRole('button', { name: 'Follow live' }).click()
    await page.getByRole('button', { name: 'Following live' }).waitFor()
    await ask('/api/interviews')
    await row('GET /api/interviews').waitFor()
    await page.getByRole('button', { name: 'Following live' }).click()

    await page.getByLabel('Request id').fill(refused.headers.get('x-request-id') ?? '')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('does it have the scope campaigns:read').waitFor()
    await page.getByText('Small').waitFor()
    t.same(trouble, [])
  })

  t.test('a list that was asked for before a request came does not take its place', async (t) => {
    await page.addInitScript(`{
      const listen = EventSource.prototype.addEventListener
      EventSource.prototype.addEventListener = function (type, listener) {
        listen.call(this, type, (event) => {
          listener(event)
          if (event.data.includes('/api/candidates')) globalThis.told = true
        })
      }
    }`)
    await go('/logs')
    await row('GET /api/interviews').waitFor()
    const [read, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const withMark = async (route: Route) => {
      const response = await route.fetch()
      const { logs, ...rest } = await response.json()
      read.resolve()
      await late.promise
      const mark = { ...logs[0], id: 'req_mark', path: '/api/mark' }
      await route.fulfill({ response, json: { ...rest, logs: [mark, ...logs] } })
    }
    await page.route('**/api/logs?*', withMark, { times: 1 })
    await page.getByRole('button', { name: 'Follow live' }).click()
    await read.promise
    await ask('/api/candidates')
    await until(() => page.evaluate<boolean>('globalThis.told === true'), 'the stream has told of it')
    // What the page put off when it was told is done by then: its timers end in their order.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 300))')
    late.resolve()
    await row('/api/mark').waitFor()
    await row('GET /api/candidates').waitFor()
    t.same(trouble, [])
  })

  t.test('members: invite, accept, change role, remove; a viewer looks on', async (t) => {
    await go('/settings/members')
    await page.getByRole('button', { name: 'Invite' }).click()
    await dialog.getByLabel('E-mail').fill('vera@people.example')
    await dialog.getByLabel('Role').selectOption('viewer')
    await dialog.getByRole('button', { name: 'Invite' }).click()
    const link = await dialog.locator('pre code').innerText()
    t.match(link, `${base}/dashboard/accept#token=`)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await row('vera@people.example').getByText('pending').waitFor()
    const password = 'vera has a long password'
    const token = link.slice(link.indexOf('=') + 1)
    await call('POST', '/api/members/invitations/accept', { body: { token, name: 'Vera', password } })

    const viewer = await openDashboard(t, server, { browser })
    await viewer.logIn({ email: 'vera@people.example', password })
    await viewer.go('/settings/members')
    await viewer.page.getByText('You are viewer of').waitFor()
    t.equal(await viewer.page.getByRole('button', { name: 'Invite' }).count(), 0)
    await viewer.go('/settings/organization')
    await viewer.page.getByRole('heading', { name: 'Plan' }).waitFor()
    t.equal(await viewer.page.getByRole('button', { name: 'Save' }).count(), 0)
    await viewer.go('/campaigns')
    await viewer.page.getByRole('heading', { name: 'No campaigns yet' }).waitFor()
    t.equal(await viewer.page.getByRole('link', { name: 'New campaign' }).count(), 0)

    await page.reload()
    await row('Vera').getByRole('button', { name: 'Role of Vera' }).click()
    await dialog.getByLabel('Role').selectOption('member')
    await dialog.getByRole('button', { name: 'Change role' }).click()
    await row('Vera').filter({ hasText: 'member' }).first().waitFor()
    await viewer.page.reload()
    await viewer.page.getByRole('link', { name: 'New campaign' }).first().waitFor()
    // A page that follows nothing: a stream comes back by itself when it is cut off, and is refused.
    await viewer.go('/settings/organization')
    await viewer.page.getByRole('heading', { name: 'Plan' }).waitFor()

    await row('Vera').getByRole('button', { name: 'Remove Vera' }).click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await page.getByText('Vera is removed').waitFor()
    await viewer.page.reload()
    await viewer.page.getByRole('heading', { name: 'Log in' }).waitFor()
    await expectRefusals(viewer.trouble, '401 /api/whoami')
    t.same([...trouble, ...viewer.trouble], [])
  })

  t.test('the audit trail tells who changed what, before and after', async (t) => {
    await go('/audit')
    await row('Member changed').getByText('Owner').waitFor()
    t.match(await row('Member changed').innerText(), /role viewer → member/)
    await page.getByRole('combobox', { name: 'Action' }).selectOption('key.created')
    await row('Member changed').waitFor({ state: 'detached' })
    await row('Key created').filter({ hasText: 'Small' }).waitFor()
    t.same(trouble, [])
  })

  t.test('the organization: origins are checked, and settings kept', async (t) => {
    await go('/settings/organization')
    await page.getByLabel('Add an origin').fill('https://careers.example.com/jobs')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('Must be a web origin').waitFor()
    await expectRefusals(trouble, '400 /api/organization')
    await page.getByLabel('Add an origin').fill('https://careers.example.com')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Remove https://careers.example.com' }).waitFor()
    await page.getByLabel('Name', { exact: true }).fill('Another name')
    await page.getByRole('button', { name: 'Save' }).first().click()
    await page.locator('.organization', { hasText: 'Another name' }).waitFor()
    await page.getByLabel('Recordings and documents').fill('30')
    await page.getByLabel('A key of yours').selectOption('report')
    await page.getByRole('button', { name: 'Save' }).last().click()
    await page.getByText('The settings are saved').waitFor()
    const { body } = await call('GET', '/api/organization', { headers: owner.auth })
    t.match(body, {
      name: 'Another name',
      allowedOrigins: ['https://careers.example.com'],
      leakedKeys: 'report',
      mediaRetentionDays: 30,
    })
    t.same(trouble, [])
  })

  t.test('one’s own account: name, sessions, export, and the end of it', async (t) => {
    await go('/account/profile')
    await page.getByLabel('Your name').fill('Olive Owner')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('.who', { hasText: 'Olive Owner' }).waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export my data' }).click()
    t.equal((await download).suggestedFilename(), 'anteroom-export.json')

    await go('/account/sessions')
    await row('Dashboard').getByText('This one').waitFor()
    await page.getByRole('button', { name: 'End all others' }).click()
    await dialog.getByRole('button', { name: 'End', exact: true }).click()
    await page.getByText('All other sessions are ended').waitFor()
    await until(async () => (await page.getByRole('row').count()) === 2, 'one session is left')

    await go('/account/profile')
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await dialog.getByLabel(`Type ${owner.email} to confirm`).fill(owner.email)
    await dialog.getByLabel('Your password').fill(owner.password)
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await dialog.getByRole('alert').waitFor()
    await expectRefusals(trouble, '409 /api/me')
    await dialog.getByLabel('Erase the organizations').check()
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    // The test has the page ask again, which itself has forgotten that somebody was logged in.
    await expectRefusals(trouble, '401 /api/whoami')
    t.equal((await ask('/api/whoami')).status, 401, 'its keys are gone with it')
    t.same(trouble, [])
  })
})
