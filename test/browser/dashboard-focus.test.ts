import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { axe, expectRefusals, openDashboard } from '../support/dashboard.ts'
import { beginInterview } from '../support/recordings.ts'
import { usedHoursAgo } from '../support/sessions.ts'
import { eventually } from '../support/until.ts'
import { makeWebhook } from '../support/webhooks.ts'

/** What has the focus, as it is named: the label of a field, or the text. */
const focused = (page: Page) =>
  page.evaluate<string>(`(() => {
    const { activeElement: element } = document
    return (element.labels?.[0] ?? element).textContent.trim() || element.getAttribute('aria-label') || element.tagName
  })()`)

t.test('every dialog', { skip: withoutBrowser }, async (t) => {
  const server = await testApp(t)
  const { app, call } = server
  const { page, trouble, go, logIn } = await openDashboard(t, server)
  const owner = await server.tenant()
  const ask = async (url: string, body: object) =>
    (await call('POST', url, { headers: owner.auth, body })).body
  const old = await ask('/api/keys', { name: 'Old' })
  await ask(`/api/keys/${old.id}/rotate`, {})
  const { campaignId, candidateId } = await beginInterview(server, owner.auth)
  const candidate = { email: 'grace@candidate.example', name: 'Grace' }
  await ask(`/api/campaigns/${campaignId}/invites`, { candidate })
  const { whk } = await makeWebhook(server, owner)
  await ask('/api/members/invitations', { email: 'vera@people.example', role: 'viewer' })
  await logIn(owner)
  const dialog = page.getByRole('dialog')
  const open = async (where: string, button: string) => {
    await go(where)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByRole('button', { name: button }).first().click()
    await dialog.waitFor()
  }

  t.test('begins in its first field, or on its title: a space that is typed closes none', async (t) => {
    for (const [where, button, begins] of [
      ['/settings/keys', 'Revoke Everything', 'Type Everything to confirm'],
      ['/settings/keys', 'Rotate Everything', 'The old key works on for'],
      [`/settings/keys/${owner.keyId}`, 'Edit', 'Name'],
      [`/settings/keys/${old.id}/rotation`, 'Undo', 'Undo the rotation?'],
      [`/settings/keys/${old.id}/rotation`, 'Finish now', 'Finish the rotation now?'],
      ['/settings/members', 'Invite', 'E-mail'],
      ['/settings/members', 'Leave', 'Leave Tenant?'],
      ['/settings/webhooks', 'Add an endpoint', 'URL'],
      [`/settings/webhooks/${whk}`, 'Edit', 'URL'],
      [`/settings/webhooks/${whk}`, 'Rotate secret', 'The replaced secret is good for'],
      [`/settings/webhooks/${whk}`, 'Delete', 'Delete the endpoint?'],
      ['/settings/sandbox', 'Reset the sandbox', 'Type Tenant to confirm'],
      [`/campaigns/${campaignId}`, 'Invite a candidate', 'Name'],
      [`/campaigns/${campaignId}`, 'Invite from CSV', 'CSV file'],
      [`/campaigns/${campaignId}`, 'Extend', 'Hours more'],
      [`/campaigns/${campaignId}`, 'Archive', 'Archive “Heard”?'],
      ['/candidates', 'Add a candidate', 'Name'],
      [`/candidates/${candidateId}`, 'Edit', 'Name'],
      [`/candidates/${candidateId}`, 'Erase', 'Type Ada to confirm'],
      ['/account/sessions', 'End all others', 'End all other sessions?'],
      ['/account/profile', 'Delete my account', 'Your password'],
      ['/settings/keys', 'Find or do', 'Page, key or command'],
    ] as const) {
      await open(where, button)
      t.equal(await focused(page), begins, `${where}: ${button}`)
      // A list of choices and a file chooser open at a space, which is what they are for.
      if (!(await page.evaluate("document.activeElement.matches('select, [type=file]')"))) {
        await page.keyboard.press('Space')
      }
      t.equal(await dialog.count(), 1, `${button} is still open`)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      t.equal(await page.evaluate("document.activeElement.matches('button, a')"), true, `${button}: and back`)
    }
    t.same(trouble, [])
  })

  t.test('nothing is done by Enter before what has to be typed is there', async (t) => {
    for (const [where, button, typed] of [
      ['/settings/sandbox', 'Reset the sandbox', 'Tenan'],
      [`/candidates/${candidateId}`, 'Erase', 'Bda'],
      ['/settings/keys', 'Revoke Everything', 'everything'],
    ] as const) {
      await open(where, button)
      await page.keyboard.type(typed)
      await page.keyboard.press('Enter')
      t.equal(await dialog.getByRole('button', { disabled: true }).count(), 1, button)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    t.equal((await call('GET', `/api/candidates/${candidateId}`, { headers: owner.auth })).status, 200)
    t.same(trouble, [])
  })

  t.test('what is shown once is closed by its button alone', async (t) => {
    await open(`/campaigns/${campaignId}`, 'New link')
    const link = dialog.locator('pre code')
    const shown = await link.innerText()
    t.match(shown, '#inv_')
    for (const key of ['Escape', 'Escape', 'Space', 'Enter']) await page.keyboard.press(key)
    await page.mouse.click(5, 400)
    t.equal(await link.innerText(), shown)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await dialog.waitFor({ state: 'detached' })
    t.same(trouble, [])
  })

  t.test('the answer that takes its place is where the focus goes on', async (t) => {
    const leaked = await ask('/api/keys', { name: 'Leaked twice' })
    await open('/settings/keys', 'Revoke Leaked twice')
    await page.keyboard.type('Leaked  twice')
    await page.keyboard.press('Enter')
    await dialog.getByText('every server process has confirmed').waitFor()
    t.equal(await focused(page), '“Leaked twice” is revoked')
    const { body } = await call('GET', `/api/keys/${leaked.id}`, { headers: owner.auth })
    t.equal(body.status, 'revoked', 'several spaces are shown as one, and count as one')
    await page.keyboard.press('Escape')

    await usedHoursAgo(app.database, 1)
    await open('/account/sessions', 'End all others')
    await dialog.getByRole('button', { name: 'End', exact: true }).click()
    await dialog.getByLabel('Your password').waitFor()
    await eventually(t, () => focused(page), 'Your password', 'what is asked for besides')
    await expectRefusals(trouble, '403 /api/auth/sessions')
    t.same(trouble, [])
  })

  t.test(
    'letters mean nothing to the page behind, and a file chooser that is left closes nothing',
    async (t) => {
      await open('/settings/members', 'Leave')
      await page.keyboard.press('Control+k')
      await page.keyboard.press('c')
      await page.keyboard.press('?')
      t.equal(await dialog.count(), 1)
      t.match(page.url(), '/settings/members')
      await open(`/campaigns/${campaignId}`, 'Invite from CSV')
      await page.locator('[type=file]').dispatchEvent('cancel', { bubbles: true })
      t.equal(await dialog.count(), 1)
      t.same(await axe(page), [])
      t.same(trouble, [])
    },
  )
})

t.test('pages that are there for a form begin in it', { skip: withoutBrowser }, async (t) => {
  const server = await testApp(t)
  const { page, trouble, go, logIn } = await openDashboard(t, server)
  const owner = await server.tenant()
  const begins = async (t: Test, where: string, heading: string, field: string) => {
    await go(where)
    await page.getByRole('heading', { name: heading }).waitFor()
    await eventually(t, () => focused(page), field, where)
  }
  await begins(t, '/login', 'Log in', 'E-mail')
  await begins(t, '/signup', 'Create an account', 'Your name')
  await begins(t, '/forgot', 'Forgotten password', 'E-mail')
  await begins(t, '/reset#token=mt_x', 'Set a new password', 'New password')
  await begins(t, '/accept#token=mt_x', 'Accept the invitation', 'Your name')
  await page.keyboard.type('somebody')
  await page.getByText('I have an account').click()
  t.equal(await focused(page), 'I have an account', 'a choice keeps the focus')

  await logIn(owner)
  await begins(t, '/settings/keys/new', 'Create API Key', 'Name')
  await begins(t, '/campaigns/new', 'New campaign', 'Name')
  t.equal(await page.getByRole('form', { name: 'New campaign' }).count(), 1)
  await go('/settings/keys')
  await page.getByRole('table').waitFor()
  await page.keyboard.press('c')
  await page.getByRole('heading', { name: 'Create API Key' }).waitFor()
  await eventually(t, () => focused(page), 'Name')
  t.equal(
    await page.getByLabel('Name', { exact: true }).inputValue(),
    '',
    'the shortcut is not typed into it',
  )
  t.same(trouble, [])
})
