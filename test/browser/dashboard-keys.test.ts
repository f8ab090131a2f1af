import type { Route } from 'playwright-core'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { expectRefusals, openDashboard } from '../support/dashboard.ts'
import { eventually } from '../support/until.ts'

t.test('settings, API keys', { skip: withoutBrowser }, async (t) => {
  const server = await testApp(t)
  const { app, call } = server
  const { page, trouble, go, base, logIn } = await openDashboard(t, server)
  const owner = await server.tenant()
  await logIn(owner)
  const ask = (key: string, path: string) =>
    fetch(base + path, { headers: { authorization: `Bearer ${key}`, 'user-agent': 'nightly-sync/2.1' } })
  const make = async (name: string, body: object = {}) => {
    const made = await call('POST', '/api/keys', { headers: owner.auth, body: { name, ...body } })
    return made.body as { id: string; key: string; prefix: string }
  }
  const dialog = page.getByRole('dialog')

  t.test(
    'create: the key once, with its .env line and a curl; who leaves before copying is asked',
    async (t) => {
      await go('/settings/keys')
      await page.getByRole('link', { name: 'Create API Key' }).click()
      await page.getByLabel('Name', { exact: true }).fill('Production API')
      await page.getByLabel('Stage').selectOption('staging')
      await page.getByRole('button', { name: 'Read results' }).click()
      await page.getByRole('group', { name: 'invites' }).getByText('write').click()
      await page.getByLabel('Expires', { exact: true }).selectOption('90')
      await page.getByLabel('Requests per minute').fill('120')
      await page.getByLabel('Allowed addresses').fill('127.0.0.1\n2001:db8::/48')
      await page.getByRole('button', { name: 'Create key' }).click()
      const text = await page.locator('[data-secret]').innerText()
      t.match(text, /^sk_staging_\w{50}$/)
      await page.getByText(`ANTEROOM_API_KEY=${text}`).waitFor()
      await page.getByText(`curl ${base}/api/whoami -H "Authorization: Bearer ${text}"`).waitFor()
      const { body } = await call('GET', '/api/keys?limit=1', { headers: owner.auth })
      t.match(body.keys[0], {
        name: 'Production API',
        stage: 'staging',
        rateLimitPerMinute: 120,
        allowedIps: ['127.0.0.1', '2001:db8::/48'],
      })
      t.same([...body.keys[0].scopes].sort(), [
        'campaigns:read',
        'candidates:read',
        'interviews:read',
        'invites:write',
      ])
      t.ok(Date.parse(body.keys[0].expiresAt) > Date.now() + 89 * 86_400_000)

      await page.getByRole('link', { name: 'API Keys' }).first().click()
      await dialog.getByText('The key is shown this once').waitFor()
      await dialog.getByRole('button', { name: 'Stay' }).click()
      await page.goBack()
      await dialog.getByRole('button', { name: 'Stay' }).click()
      t.equal(await page.locator('[data-secret]').innerText(), text, 'it is still there')
      await page.getByRole('button', { name: 'Copy key' }).click()
      await eventually(t, () => page.evaluate('navigator.clipboard.readText()'), text)
      await page.getByRole('button', { name: 'Done' }).click()
      await page.getByRole('heading', { name: 'Production API' }).waitFor()
      t.notOk((await page.content()).includes(text), 'never shown again')
    },
  )

  t.test('what the API refuses is told at the field', async (t) => {
    await go('/settings/keys/new')
    await page.getByLabel('Name', { exact: true }).fill('Somewhere')
    await page.getByLabel('Allowed addresses').fill('nowhere')
    await page.getByRole('button', { name: 'Create key' }).click()
    await page.locator('textarea[aria-invalid=true]:focus').waitFor()
    t.match(await page.locator('.field-error').innerText(), /nowhere|address/i)
    await expectRefusals(trouble, '400 /api/keys')
  })

  t.test(
    'the list is filtered and sorted by the address of the page, marks old keys, and follows what others do',
    async (t) => {
      const old = await make('Grandfather')
      // In hours: days are 23 of them long, too, where the clocks are changed.
      await app.database`update keys set created_at = now() - interval '2881 hours' where id = ${old.id}`
      const following = page.waitForResponse('**/api/events/stream')
      await go('/settings/keys?sort=Name')
      await following
      await page.getByText('120 days old').waitFor()
      const { id: latest } = await make('Made by someone else')
      await page.getByRole('link', { name: 'Made by someone else' }).waitFor()
      await call('DELETE', `/api/keys/${latest}`, { headers: owner.auth })
      await page.locator('.badge', { hasText: 'Revoked' }).waitFor()
      await app.database`delete from keys where id = ${latest}`
      await go('/settings/keys?sort=Name')
      await page.getByText('120 days old').waitFor()
      const names = page.locator('tbody .row-title a')
      t.same(await names.allInnerTexts(), ['Everything', 'Grandfather', 'Production API'])
      await page.getByRole('button', { name: 'Name' }).click()
      await page.waitForURL(/sort=-Name/)
      await eventually(t, () => names.allInnerTexts(), ['Production API', 'Grandfather', 'Everything'])
      await page.getByLabel('Status').selectOption('due')
      await page.getByText('1 of 3 keys').waitFor()
      await page.getByLabel('Status').selectOption('')
      await page.getByLabel('Search name or prefix').fill('produ')
      await page.getByText('1 of 3 keys').waitFor()
      t.same(await names.allInnerTexts(), ['Production API'])
      await page.getByLabel('Search name or prefix').fill('no such thing')
      await page.getByText('No key is like that').waitFor()
    },
  )

  t.test('what happens while the page does not follow yet is there once it does', async (t) => {
    const { promise: made, resolve: follow } = Promise.withResolvers<void>()
    const stream = '**/api/events/stream'
    await page.route(stream, async (route) => {
      await made
      await route.continue()
    })
    await go('/settings/keys')
    await page.getByRole('table').waitFor()
    const { id } = await make('Made meanwhile')
    follow()
    await page.getByRole('link', { name: 'Made meanwhile' }).waitFor()
    await page.unroute(stream)
    await call('DELETE', `/api/keys/${id}`, { headers: owner.auth })
    t.same(trouble, [])
  })

  t.test('revoke: the name is typed, the receipt is shown, and the key is refused', async (t) => {
    const { key, id } = await make('Leaked')
    t.equal((await ask(key, '/api/whoami')).status, 200)
    await go('/settings/keys')
    await page.getByRole('button', { name: 'Revoke Leaked' }).click()
    t.ok(await dialog.getByRole('button', { name: 'Revoke' }).isDisabled())
    await dialog.getByLabel('Type Leaked to confirm').fill('Leaked')
    await dialog.getByLabel('Reason').fill('found in a log')
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await dialog.getByText('every server process has confirmed').waitFor()
    t.match(await dialog.locator('.receipt').innerText(), /confirmed/)
    t.equal((await ask(key, '/api/whoami')).status, 401)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page
      .getByRole('row', { name: /Leaked/ })
      .getByText('Revoked')
      .waitFor()
    await page.getByRole('link', { name: 'Leaked' }).click()
    await page.getByText('Revoked: every request with it gets 401').waitFor()
    t.match(page.url(), id)
  })

  t.test('a key’s own page: figures, callers, log, and the smaller scopes that would do', async (t) => {
    const { key, id } = await make('Sync')
    for (let times = 0; times < 3; times += 1) await (await ask(key, '/api/campaigns')).text()
    await app.accessLog.flush()
    await go(`/settings/keys/${id}`)
    await page.getByRole('table', { name: 'Callers' }).getByText('nightly-sync/2.1').waitFor()
    await page
      .getByRole('table', { name: 'Requests with this key' })
      .getByText('GET /api/campaigns')
      .first()
      .waitFor()
    await page.getByRole('img', { name: /Requests: 3, Failures: 0/ }).waitFor()
    await page.locator('.chart canvas').waitFor()
    await page.getByText('30 days').click()
    await page.getByRole('img', { name: /Requests: 3/ }).waitFor()
    await page.getByRole('button', { name: 'Apply these scopes' }).click()
    await page.getByText('and no more').first().waitFor()
    const { body } = await call('GET', `/api/keys/${id}`, { headers: owner.auth })
    t.same(body.scopes, ['campaigns:read'])
    await page.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('Name', { exact: true }).fill('Nightly sync')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Nightly sync' }).waitFor()
    const { body: edited } = await call('GET', `/api/keys/${id}`, { headers: owner.auth })
    t.same([edited.name, edited.scopes, edited.expiresAt], ['Nightly sync', ['campaigns:read'], null])
  })

  t.test('rotate: the cockpit shows who still calls with the old key; undo, then finish', async (t) => {
    const { key, id } = await make('Rotated')
    await (await ask(key, '/api/whoami')).text()
    await go(`/settings/keys/${id}`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await dialog.getByLabel('The old key works on for').selectOption('72')
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    const first = await page.locator('[data-secret]').innerText()
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByText('One caller has used it in the last 10 minutes').waitFor()
    t.match(await page.getByRole('heading', { level: 1 }).innerText(), 'Rotation of “Rotated”')
    t.match(await page.getByRole('region', { name: 'Time left' }).innerText(), /^(3 days|2 days 23 h) left/)
    await (await ask(first, '/api/whoami')).text()
    await page.locator('.card', { hasText: 'New key' }).getByText('nightly-sync/2.1').waitFor()

    await page.getByRole('button', { name: 'Undo' }).click()
    await dialog.getByRole('button', { name: 'Undo' }).click()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByText('No rotation is under way').waitFor()
    t.same([(await ask(key, '/api/whoami')).status, (await ask(first, '/api/whoami')).status], [200, 401])

    await page.getByRole('link', { name: 'To “Rotated”' }).click()
    await page.getByRole('button', { name: 'Rotate' }).click()
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    const second = await page.locator('[data-secret]').innerText()
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByRole('button', { name: 'Finish now' }).click()
    await dialog.getByRole('button', { name: 'Finish' }).click()
    await dialog.getByText('The old key has ended').waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByText('This rotation is over').waitFor()
    t.same([(await ask(key, '/api/whoami')).status, (await ask(second, '/api/whoami')).status], [401, 200])
  })

  t.test('a rotated pair: each is called by a name of its own, wherever one is to be chosen', async (t) => {
    const { id } = await make('Twin')
    const { body: successor } = await call('POST', `/api/keys/${id}/rotate`, { headers: owner.auth })
    await go('/settings/keys?q=twin')
    await page.getByText('2 of').waitFor()
    t.same(
      (await page.locator('tbody .row-title a').allInnerTexts()).sort(),
      ['Twin', 'Twin (old)'],
      'in the list',
    )
    const names = await page.getByRole('button', { name: 'Revoke Twin' }).allInnerTexts()
    t.equal(new Set(names).size, 2, 'for who listens to the buttons')
    await page.getByRole('button', { name: 'Revoke Twin (old)' }).click()
    await dialog.getByLabel('Type Twin (old) to confirm').fill('Twin')
    t.ok(
      await dialog.getByRole('button', { name: 'Revoke' }).isDisabled(),
      'the other one’s name is not enough',
    )
    await page.keyboard.press('Escape')

    const half = Date.now() + 30 * 60_000
    await app.database`update keys set expires_at = ${new Date(half)} where id = ${id}`
    await go(`/settings/keys/${id}/rotation`)
    const left = page.getByRole('region', { name: 'Time left' })
    t.match(await left.innerText(), /^29 min \d+ s left/, 'an expiry that comes first is when it ends')
    const ends = await page.evaluate<string>(
      `new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' }).format(${half})`,
    )
    t.match(await left.innerText(), `the old key ends on ${ends}`)
    await page.getByRole('link', { name: 'Twin (old)' }).click()
    await page.getByText('This key is being replaced, and ends in 29 min').waitFor()

    await page.keyboard.press('Control+k')
    await page.keyboard.type('twin')
    await dialog.getByRole('option', { name: 'Twin (old)' }).waitFor()
    t.equal(await dialog.getByRole('option', { name: 'Twin' }).count(), 2)
    await go('/logs')
    const choices = page.getByRole('combobox', { name: 'Key' })
    await choices.getByText(`Twin (old), `).waitFor({ state: 'attached' })
    await choices.getByText(`Twin, ${successor.prefix}…`).waitFor({ state: 'attached' })
    t.same(trouble, [])
  })

  t.test('by keyboard alone', async (t) => {
    await go('/settings/keys')
    await page.getByRole('table').waitFor()
    // What is typed before the palette knows the keys is not lost.
    const { promise: typed, resolve: answer } = Promise.withResolvers<void>()
    const hold = async (route: Route) => {
      await typed
      await route.continue()
    }
    await page.route('**/api/keys?*', hold)
    await page.keyboard.press('Control+k')
    await page.locator('[role=combobox]:focus').waitFor()
    await page.keyboard.type('create')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Create API Key' }).waitFor()
    answer()
    await page.getByLabel('Name', { exact: true }).and(page.locator(':focus')).waitFor()
    await page.getByRole('link', { name: 'API Keys' }).first().press('Enter')
    await page.locator('h1:focus').waitFor()
    await page.keyboard.press('?')
    await dialog.getByText('Down and up the rows').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    // At once: whoever lets a second pass between them means something else.
    await Promise.all([page.keyboard.press('g'), page.keyboard.press('k')])
    await page.getByRole('heading', { name: 'API Keys' }).waitFor()
    await page.getByRole('table').waitFor()
    await page.keyboard.press('/')
    await page.locator('input[type=search]:focus').waitFor()
    await go('/settings/keys')
    await page.getByRole('table').waitFor()
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
  })

  t.test('without a console error or a failed request', async (t) => {
    t.same(trouble, [])
  })
})
