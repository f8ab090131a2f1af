import t from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'
import { pathProxy } from '../support/path-proxy.ts'

t.setTimeout(180_000)

for (const strips of [true, false]) {
  t.test(
    `under a path that the proxy ${strips ? 'strips' : 'keeps'}, dashboard and interview page work`,
    { skip: withoutBrowser },
    async (t) => {
      const proxy = await pathProxy(t, '/tools/anteroom', strips)
      const server = await testApp(t, { PUBLIC_URL: proxy.url })
      proxy.target = await server.listen()
      const tenant = await server.tenant()
      const { page, go, logIn, trouble } = await openDashboard(t, { listen: async () => proxy.url })
      await logIn(tenant)
      await go('/settings/keys')
      await page.getByText('Everything').first().waitFor()
      await page.getByRole('link', { name: 'Webhooks' }).click()
      await page.getByRole('heading', { name: 'Webhooks' }).waitFor()
      t.equal(page.url(), `${proxy.url}/dashboard/settings/webhooks`)
      await page.reload()
      await page.getByRole('heading', { name: 'Webhooks' }).waitFor()

      const campaign = await server.call('POST', '/api/campaigns', {
        headers: tenant.auth,
        body: { name: 'Under a path', questions: [{ id: 'why', kind: 'text', prompt: 'Why?' }] },
      })
      const invite = await server.call('POST', `/api/campaigns/${campaign.body.id}/invites`, {
        headers: tenant.auth,
        body: { candidate: { email: 'ada@candidate.example', name: 'Ada' }, sendEmail: false },
      })
      t.ok(invite.body.url.startsWith(`${proxy.url}/interview`), invite.body.url)
      await page.goto(invite.body.url)
      await page.getByText('Under a path').first().waitFor()
      t.same(trouble, [])
    },
  )
}
