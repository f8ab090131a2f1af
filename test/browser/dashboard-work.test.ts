import { readFile } from 'node:fs/promises'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { axe, fits, openDashboard } from '../support/dashboard.ts'
import { testWorker } from '../support/mail.ts'
import { startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

t.test('campaigns to answers, and webhooks', { skip: withoutBrowser }, async (t) => {
  const receiver = await startReceiver(t)
  const server = await testApp(t, { WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8' })
  await testWorker(t, server)
  const { call } = server
  const { page, trouble, go, base, logIn } = await openDashboard(t, server)
  const owner = await server.tenant()
  await logIn(owner)
  const row = (text: string) => page.getByRole('row').filter({ hasText: text })
  const dialog = page.getByRole('dialog')
  const places: string[] = []
  const here = () => places.push(new URL(page.url()).pathname.replace('/dashboard', ''))

  t.test('a campaign is written, its questions put in order by keyboard', async (t) => {
    await go('/campaigns')
    await page.getByRole('link', { name: 'New campaign' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Engineers')
    await page.getByLabel('Question', { exact: true }).fill('Why us?')
    for (const [index, prompt, kind] of [
      [1, 'When?', 'choice'],
      [2, 'Say something', 'audio'],
      [3, 'Show yourself', 'video'],
    ] as const) {
      await page.getByRole('button', { name: 'Add a question' }).click()
      await page.getByLabel('Question', { exact: true }).nth(index).fill(prompt)
      await page.getByLabel('Answered by').nth(index).selectOption(kind)
    }
    await page.getByLabel('Options').fill('Now\nLater')
    await page.getByLabel('Time limit in seconds').last().fill('60')
    await page.getByLabel('Question', { exact: true }).nth(1).press('Alt+ArrowUp')
    t.equal(await page.getByLabel('Question', { exact: true }).first().inputValue(), 'When?')
    await page.getByRole('button', { name: 'Create campaign' }).click()
    await page.getByRole('heading', { name: 'Engineers' }).waitFor()
    await page.getByText('Nobody is invited yet').waitFor()
    const { body } = await call('GET', '/api/campaigns', { headers: owner.auth })
    t.match(body.campaigns[0].questions, [
      { prompt: 'When?', kind: 'choice', options: ['Now', 'Later'] },
      { prompt: 'Why us?', kind: 'text' },
      { prompt: 'Say something', kind: 'audio' },
      { prompt: 'Show yourself', kind: 'video', timeLimitSeconds: 60 },
    ])
    here()
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByLabel('Description').fill('First round')
    here()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('First round').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('The campaign is paused: candidates can be invited').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Invite a candidate' }).waitFor()
    t.same(trouble, [])
  })

  t.test('invites: one with its link, many from CSV with progress, extend, cancel', async (t) => {
    await page.getByRole('button', { name: 'Invite a candidate' }).click()
    await dialog.getByLabel('Name').fill('Ada Lovelace')
    await dialog.getByLabel('E-mail', { exact: true }).fill('ada@example.com')
    await dialog.getByRole('button', { name: 'Invite' }).click()
    t.match(await dialog.locator('pre code').innerText(), `${base}/interview#inv_`)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await row('Ada Lovelace').getByText('Pending').waitFor()

    const lines = Array.from({ length: 120 }, (_, index) => `p${index}@example.com,Person ${index}`)
    const csv = ['email,name', ...lines.slice(0, 119), 'no address,Nobody'].join('\n')
    await page.getByRole('button', { name: 'Invite from CSV' }).click()
    await dialog
      .getByLabel('CSV file')
      .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await dialog.getByRole('button', { name: 'Invite them' }).click()
    await dialog.getByText('119 invited, 1 not').waitFor()
    t.match(await dialog.locator('.rows').innerText(), /no address\s+Row 121 email is no e-mail address/)
    const saving = page.waitForEvent('download')
    await dialog.getByRole('link', { name: 'Save the links' }).click()
    const saved = await saving
    t.equal(saved.suggestedFilename(), 'invites.csv')
    const links = (await readFile(await saved.path(), 'utf8')).split('\r\n')
    t.equal(links[0], 'row,email,inviteId,url')
    t.match(links[1], /^2,p0@example\.com,inv_\w+,http.*#inv_/)
    t.match(links[119], /^120,p118@example\.com,/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.locator('.figure', { hasText: '120' }).waitFor()

    await row('Person 118').getByRole('button', { name: 'Extend' }).click()
    await dialog.getByLabel('Hours more').fill('48')
    await dialog.getByRole('button', { name: 'Extend' }).click()
    await page.getByText('The invite is good until').waitFor()
    await row('Person 117').getByRole('button', { name: 'New link' }).click()
    t.match(await dialog.locator('pre code').innerText(), `${base}/interview#inv_`)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await row('Person 116').getByRole('button', { name: 'Cancel' }).click()
    await row('Person 116').getByText('Cancelled').waitFor()
    t.same(trouble, [])
  })

  t.test('candidates: found by name, with files; one is erased', async (t) => {
    await go('/candidates')
    await page.getByLabel('Name, e-mail, phone').fill('love')
    await row('Person 118').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Ada Lovelace' }).click()
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor()
    const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n')
    await page
      .getByLabel('Add a file')
      .setInputFiles({ name: 'cv.pdf', mimeType: 'application/pdf', buffer: pdf })
    await row('cv.pdf').getByText('application/pdf').waitFor()
    await row('Engineers').getByText('Pending').waitFor()
    here()
    await page.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('Phone').fill('+44 20 7946 0000')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('+44 20 7946 0000').waitFor()

    await go('/candidates?q=Person%20115')
    await page.getByRole('link', { name: 'Person 115' }).click()
    await page.getByRole('button', { name: 'Erase' }).click()
    await dialog.getByLabel('Type Person 115 to confirm').fill('Person 115')
    await dialog.getByRole('button', { name: 'Erase for good' }).click()
    await page.getByText('The candidate is erased').waitFor()
    t.same(trouble, [])
  })

  t.test('interviews appear as they begin; answers have players', async (t) => {
    await go('/interviews')
    await page.getByRole('heading', { name: 'No interviews yet' }).waitFor()
    const { body } = await call('GET', '/api/invites?email=ada@example.com', { headers: owner.auth })
    await call('POST', `/api/sandbox/interviews/${body.invites[0].id}/simulate`, { headers: owner.auth })
    await row('Ada Lovelace').getByText('Completed').waitFor()
    await page.getByRole('link', { name: 'Ada Lovelace' }).click()
    const video = page.locator('video')
    await video.waitFor()
    const players =
      "[...document.querySelectorAll('audio, video')].filter(({ readyState }) => readyState > 0).length"
    await until(async () => (await page.evaluate(players)) === 2, 'both players have their recordings')
    here()
    t.same(trouble, [])
  })

  t.test('an interview that has started can be ended', async (t) => {
    const { auth: headers } = owner
    const { body } = await call('GET', '/api/campaigns', { headers })
    const campaign = `/campaigns/${body.campaigns[0].id}`
    const candidate = { name: 'Grace Hopper', email: 'grace@example.com' }
    const invite = await call('POST', `/api${campaign}/invites`, { headers, body: { candidate } })
    const begun = await call('POST', '/api/embed/sessions', { body: { invite: invite.body.token } })
    await go(campaign)
    await row('Grace Hopper').getByRole('button', { name: 'End' }).click()
    await dialog.getByRole('button', { name: 'Not yet' }).click()
    await row('Grace Hopper').getByRole('button', { name: 'End' }).click()
    t.same(await axe(page), [])
    await dialog.getByRole('button', { name: 'End the interview' }).click()
    await row('Grace Hopper').getByText('Cancelled').waitFor()
    const session = { authorization: `Bearer ${begun.body.sessionToken}` }
    t.equal((await call('GET', '/api/embed/interview', { headers: session })).status, 401)
    t.same(trouble, [])
  })

  t.test('webhooks: secret once, a test arrives, deliveries, events, rotation', async (t) => {
    await go('/settings/webhooks')
    await page.getByRole('button', { name: 'Add an endpoint' }).click()
    await dialog.getByLabel('URL').fill(receiver.url)
    await dialog.getByLabel('All, what is added later too').uncheck()
    await dialog.getByLabel('campaign.updated').check()
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    t.match(await dialog.locator('pre code').first().innerText(), /^whsec_/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('link', { name: receiver.url }).click()
    await page.getByRole('button', { name: 'Send a test event' }).click()
    await row('webhook.test').getByText('Delivered').waitFor()
    t.equal((await receiver.take(1)).length, 1)
    await row('webhook.test').getByRole('button', { name: 'Send again' }).click()
    await receiver.take(2)
    here()
    await page.getByRole('button', { name: 'Rotate secret' }).click()
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    t.match(await dialog.locator('pre code').first().innerText(), /^whsec_/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByText('The replaced secret is good until').waitFor()
    await page.getByRole('button', { name: 'Disable' }).click()
    await page.getByText('It is disabled, as somebody of you asked for').waitFor()
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByRole('button', { name: 'Disable' }).waitFor()
    await go('/events?type=webhook.test')
    await row('webhook.test').getByText('webhook.test').last().click()
    await page.locator('pre.json').waitFor()
    t.same(trouble, [])
  })

  t.test('pages of one thing: nothing for axe in either theme, nothing too wide', async (t) => {
    t.equal(places.length, 5)
    for (const place of [...places, '/events', '/interviews']) {
      await go(place)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      for (const width of [360, 900]) await fits(t, page, width, 780, place)
      await page.setViewportSize({ width: 1280, height: 850 })
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        t.same(await axe(page), [], `${place}, ${colorScheme}`)
      }
    }
    t.same(trouble, [])
  })

  t.test('the sandbox’s clock and reset', async (t) => {
    await go('/settings/sandbox')
    await page.getByLabel('Move ahead by').fill('8')
    await page.getByRole('button', { name: 'Move the clock' }).click()
    await page.getByText('8 days').waitFor()
    await page.getByRole('button', { name: 'Back to the real time' }).click()
    await page.getByText('not at all').waitFor()
    await page.getByRole('button', { name: 'Reset the sandbox' }).click()
    await dialog.getByLabel('Type Tenant to confirm').fill('Tenant')
    await dialog.getByRole('button', { name: 'Delete it all' }).click()
    await page.getByText(/Deleted: .*1 campaigns/).waitFor()
    t.same(trouble, [])
  })
})
