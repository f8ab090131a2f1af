import { randomBytes } from 'node:crypto'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'

const production = { ANTEROOM_ENV: 'production', ENCRYPTION_KEY: randomBytes(32).toString('base64') }

t.test(
  'production with closed sign-up and without mail offers neither, and nothing of the sandbox',
  { skip: withoutBrowser },
  async (t) => {
    const before = await testApp(t, { ...production, SIGNUP: 'open', SMTP_URL: 'smtp://127.0.0.1:9' })
    const owner = await before.tenant()
    const campaign = await before.call('POST', '/api/campaigns', {
      headers: owner.auth,
      body: { name: 'Engineers' },
    })
    const server = await testApp(t, production, before)
    const { page, trouble, go, logIn } = await openDashboard(t, server)

    await go('/login')
    await page.getByRole('link', { name: 'Forgotten your password?' }).waitFor()
    await page.locator('.environment', { hasText: 'Production' }).waitFor()
    t.equal(await page.getByText(/create an account|sign up/i).count(), 0)
    await go('/signup')
    await page.getByRole('heading', { name: 'Sign-up is closed' }).waitFor()
    t.equal(await page.getByRole('textbox').count(), 0)
    await go('/forgot')
    await page.getByText('This server sends no e-mail').waitFor()
    t.equal(await page.getByRole('textbox').count(), 0)

    await logIn(owner)
    await go('/settings/members')
    await page.getByText('This server sends no e-mail').waitFor()
    t.equal(await page.getByRole('button', { name: /Invite|Send again/ }).count(), 0)
    await go('/account/profile')
    await page.getByText('This server sends no e-mail').waitFor()
    t.equal(await page.getByRole('button', { name: 'Change address' }).count(), 0)
    await go(`/campaigns/${campaign.body.id}`)
    await page.getByRole('button', { name: 'Invite a candidate' }).click()
    await page.getByLabel('Good for, in hours').waitFor()
    t.equal(await page.getByText('by e-mail').count(), 0)
    await go('/settings/sandbox')
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor()
    t.equal(await page.getByRole('link', { name: 'Sandbox tools' }).count(), 0)
    t.same(trouble, [])
  },
)
