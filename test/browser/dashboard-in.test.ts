import { generate } from 'otplib'
import t, { type Test } from 'tap'
import { dataFolder } from '../db/embedded-harness.ts'
import { testApp } from '../support/app.ts'
import { openBrowser, scan, withoutBrowser } from '../support/browser.ts'
import { expectRefusals, openDashboard } from '../support/dashboard.ts'
import { tokenOf } from '../support/mail.ts'
import { mailingApp, someEmail } from '../support/people.ts'
import { startServer } from '../support/server-process.ts'
import { eventually } from '../support/until.ts'

const PASSWORD = 'a sentence that is long enough'

t.test('from nothing to a first request', { skip: withoutBrowser }, async (t) => {
  const server = await startServer(t, { DATA_DIR: await dataFolder(t), SIGNUPS_PER_HOUR: '1000' })
  const { page, trouble, context } = await openDashboard(t, { listen: async () => server.url })
  await page.goto(`${server.url}/dashboard`)
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await page.locator('.environment', { hasText: 'Sandbox' }).waitFor()
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('Organization').fill('Analytical Engines')
  await page.getByLabel('E-mail').fill(someEmail())
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()

  await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor()
  await page.getByRole('button', { name: 'Make my first key' }).click()
  const key = await page.locator('[data-secret]').innerText()
  await page.getByRole('button', { name: 'Copy key' }).click()
  await eventually(t, () => page.evaluate('navigator.clipboard.readText()'), key)
  t.match(await page.locator('.step').nth(1).innerText(), `Bearer ${key}`)
  await page.getByText('Waiting for the first request').waitFor()
  const answer = await fetch(`${server.url}/api/whoami`, { headers: { authorization: `Bearer ${key}` } })
  t.equal(answer.status, 200)
  await page.getByText('Your first request has arrived').waitFor()
  t.match(await page.locator('.arrived').innerText(), 'GET /api/whoami → 200')

  const stored = await page.evaluate<string>(
    'JSON.stringify({ ...localStorage, ...sessionStorage, at: location.href })',
  )
  t.notOk(stored.includes(key), 'the key is kept nowhere')
  t.notOk(/at_|rt_/.test(stored), 'nor is a token')
  t.equal(await page.evaluate('document.cookie'), '', 'the session is out of a script’s reach')
  t.same((await context.cookies()).map(({ name }) => name).sort(), ['anteroom', 'anteroom-device'])

  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await page.goto(`${server.url}/dashboard/settings/keys`)
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  t.same(trouble, [])
})

t.test('the ways in', { skip: withoutBrowser }, async (t) => {
  const server = await mailingApp(t)
  const browser = await openBrowser(t)
  const open = (t: Test) => openDashboard(t, server, { browser })

  t.test(
    'a wrong password is refused where it was given, with the request id; then on to the page asked for',
    async (t) => {
      const { page, trouble, go } = await open(t)
      const owner = await server.tenant()
      await go('/account/security')
      await page.getByLabel('E-mail').fill(owner.email)
      await page.getByLabel('Password', { exact: true }).fill('not the password')
      await page.getByRole('button', { name: 'Log in' }).click()
      t.match(await page.getByRole('alert').innerText(), /Invalid e-mail or password[\s\S]*Request req_/)
      t.equal(await page.getByLabel('E-mail').inputValue(), owner.email, 'what was typed stays')
      await expectRefusals(trouble, '401 /dashboard/session')
      await page.getByLabel('Password', { exact: true }).fill(owner.password)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('heading', { name: 'Security' }).waitFor()
      t.same(trouble, [])
    },
  )

  t.test('password fields hide what is typed, show it when asked to, and take what is pasted', async (t) => {
    const { page, go, trouble } = await open(t)
    await go('/login')
    const field = page.getByLabel('Password', { exact: true })
    t.equal(await field.getAttribute('type'), 'password')
    t.equal(await field.getAttribute('autocomplete'), 'current-password')
    t.equal(await page.getByLabel('E-mail').getAttribute('autocomplete'), 'username')
    await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(PASSWORD)})`)
    await field.focus()
    await page.keyboard.press('Control+V')
    await eventually(t, () => field.inputValue(), PASSWORD)
    await page.getByRole('button', { name: 'Show password' }).click()
    t.equal(await field.getAttribute('type'), 'text')
    t.equal(await field.inputValue(), PASSWORD)
    await page.getByRole('button', { name: 'Hide password' }).click()
    t.equal(await field.getAttribute('type'), 'password')
    await go('/signup')
    t.equal(await page.getByLabel('Password', { exact: true }).getAttribute('autocomplete'), 'new-password')
    t.same(trouble, [])
  })

  t.test('a second factor is set up, asked for at the next log-in, and taken away', async (t) => {
    const { page, trouble, go, logIn } = await open(t)
    const owner = await server.tenant()
    await logIn(owner)
    await go('/account/security')
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    const secret = await page.locator('.snippet code').innerText()
    const scanned = new URL(await scan(page.getByRole('img', { name: 'QR code of the secret' })))
    t.equal(scanned.protocol, 'otpauth:')
    t.equal(scanned.searchParams.get('secret'), secret.replaceAll(' ', ''), 'as a camera reads it')
    await page.getByLabel('The code that the app shows').fill(await generate({ secret }))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Keep these recovery codes').waitFor()
    const codes = await page.locator('.codes li').allInnerTexts()
    t.ok(codes.length >= 8)
    await page.getByRole('button', { name: 'I have stored them' }).click()
    await page.getByRole('button', { name: 'Log out' }).click()

    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password', { exact: true }).fill(owner.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Second factor' }).waitFor()
    await expectRefusals(trouble, '401 /dashboard/session')
    await page.getByLabel('Code').fill('000000')
    await page.getByRole('button', { name: 'Log in' }).click()
    t.match(await page.getByRole('alert').innerText(), 'Invalid second factor')
    await expectRefusals(trouble, '401 /dashboard/session')
    await page.getByLabel('Code').fill(codes[0] ?? '')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'API Keys' }).waitFor()

    await go('/account/security')
    await page.getByRole('button', { name: 'I have one already' }).click()
    await page.getByLabel('Your password').fill(owner.password)
    await page.getByLabel('A code, or a recovery code').fill(codes[1] ?? '')
    await page.getByRole('button', { name: 'Take it away' }).click()
    await page.getByText('The second factor is taken away').waitFor()
    t.same(trouble, [])
  })

  t.test(
    'a sign-up opens the dashboard; a throttled one shows a countdown and keeps what was typed',
    async (t) => {
      const throttled = await testApp(t, { SIGNUPS_PER_HOUR: '1' })
      const { page, go, trouble } = await openDashboard(t, throttled, { browser })
      const fill = async (email: string) => {
        await go('/signup')
        await page.getByLabel('Your name').fill('Ada')
        await page.getByLabel('Organization').fill('Acme')
        await page.getByLabel('E-mail').fill(email)
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
        await page.getByRole('button', { name: 'Create account' }).click()
      }
      await fill('ada@signup.example')
      await page.waitForURL(/welcome/)
      t.same(trouble, [], 'no log-in follows that could be refused')
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      await fill('bob@signup.example')
      const alert = page.getByRole('alert')
      t.match(
        await alert.innerText(),
        /Too many accounts were created from here[\s\S]*You can try again in \d+/,
      )
      const shown = await alert.innerText()
      await eventually(t, async () => (await alert.innerText()) === shown, false)
      t.equal(await page.getByLabel('E-mail').inputValue(), 'bob@signup.example')
      await expectRefusals(trouble, '429 /dashboard/session/signup')
    },
  )

  t.test('a session that has ended leads to the log-in, and from there back', async (t) => {
    const { page, trouble, go, logIn, context, base } = await open(t)
    const owner = await server.tenant()
    await logIn(owner)
    // Two pages that ask once each: nothing of the first is under way any more, and the second is refused once.
    await go('/settings/organization')
    await page.getByRole('heading', { name: 'Plan' }).waitFor()
    await context.clearCookies()
    await page.getByRole('link', { name: 'Sandbox tools' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    await expectRefusals(trouble, '401 /api/sandbox/clock')
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password', { exact: true }).fill(owner.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Sandbox tools' }).waitFor()
    await page.getByText('Ahead of the real time').waitFor()
    await eventually(t, () => page.url(), `${base}/dashboard/settings/sandbox`)
    t.same(trouble, [])
  })

  t.test('who belongs to several organizations chooses one', async (t) => {
    const { page, trouble, go } = await open(t)
    const [owner, guest] = [await server.tenant(), await server.tenant()]
    const { token } = await server.invited(owner, 'viewer', guest.email)
    await server.call('PATCH', '/api/organization', { headers: owner.auth, body: { name: 'The other one' } })
    await server.call('POST', '/api/members/invitations/accept', {
      body: { token, password: guest.password },
    })
    await go('/login')
    await page.getByLabel('E-mail').fill(guest.email)
    await page.getByLabel('Password', { exact: true }).fill(guest.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Choose an organization' }).waitFor()
    await expectRefusals(trouble, '409 /dashboard/session')
    await page.getByRole('button', { name: 'The other one' }).click()
    await page.locator('.organization', { hasText: 'The other one' }).waitFor()
    t.equal(await page.getByRole('link', { name: 'Create API Key' }).count(), 0, 'a viewer looks on')

    const own = (await server.call('GET', '/api/organization', { headers: guest.auth })).body.name
    await page.locator('.who summary').click()
    const onward = page.locator('.other-organizations').getByRole('button', { name: own })
    await onward.waitFor()
    t.equal(await page.locator('.other-organizations li').count(), 1)
    await onward.click()
    await page.locator('.organization', { hasText: own }).waitFor()
    await page.getByRole('link', { name: 'Create API Key' }).first().waitFor()
    t.same(trouble, [])
  })

  t.test('a forgotten password is set anew with the mailed link', async (t) => {
    const { page, trouble, go, base } = await open(t)
    const owner = await server.tenant()
    await go('/login')
    await page.getByRole('link', { name: 'Forgotten your password?' }).click()
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByText('a link to set a new password is on its way').waitFor()
    const token = tokenOf(await server.smtp.take(owner.email, 'reset#token='))
    await page.goto(`${base}/dashboard/reset#token=${token}`)
    await page.getByLabel('New password').waitFor()
    await eventually(t, () => page.url(), `${base}/dashboard/reset`, 'the token is taken out of the address')
    await page.getByLabel('New password').fill('12345678')
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.locator('[aria-invalid=true]').waitFor()
    await expectRefusals(trouble, '400 /api/auth/password/reset')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByText('Your new password is set').waitFor()
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'API Keys' }).waitFor()
    t.same(trouble, [])
  })

  t.test('an invitation is accepted', async (t) => {
    const { page, trouble, base } = await open(t)
    const { token } = await server.invited(await server.tenant(), 'member')
    await page.goto(`${base}/dashboard/accept#token=${token}`)
    await page.getByLabel('Your name').fill('Grace Hopper')
    await page.getByLabel('Choose a password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('heading', { name: 'API Keys' }).waitFor()
    t.match(await page.locator('.who').innerText(), 'Grace Hopper')
    t.same(trouble, [])
  })

  t.test('a change of e-mail address is confirmed from both mailboxes', async (t) => {
    const { page, trouble, base } = await open(t)
    const owner = await server.tenant()
    const email = someEmail()
    const begun = await server.call('POST', '/api/me/email', {
      headers: { authorization: `Bearer ${owner.accessToken}` },
      body: { email, password: owner.password },
    })
    t.equal(begun.status, 202)
    for (const [address, told] of [
      [email, 'One of two confirmations is there'],
      [owner.email, `Your address is ${email} from now on`],
    ] as const) {
      const token = tokenOf(await server.smtp.take(address, 'email#token='))
      await page.goto(`${base}/dashboard/email?${address}#token=${token}`)
      await page.getByRole('button', { name: 'Confirm' }).click()
      await page.getByText(told).waitFor()
    }
    t.same(trouble, [])
  })
})
