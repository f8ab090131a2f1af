import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { withoutBrowser } from '../support/browser.ts'
import { axe, fits, openDashboard } from '../support/dashboard.ts'
import { eventually } from '../support/until.ts'

interface Listed {
  readonly path: string
  readonly open?: true
}

// Read as it runs: the browser's sources are checked by a configuration of their own.
const { pages } = (await import(pathToFileURL(path.resolve('web/dashboard/app/pages.ts')).href)) as {
  pages: readonly Listed[]
}

t.test(
  'axe finds nothing on any page, light or dark, and each fits a phone',
  { skip: withoutBrowser },
  async (t) => {
    const server = await testApp(t)
    const { app, call } = server
    const { page, trouble, logIn, go } = await openDashboard(t, server)
    const owner = await server.tenant()
    const { body: old } = await call('POST', '/api/keys', { headers: owner.auth, body: { name: 'Old' } })
    await app.database`update keys set created_at = now() - interval '100 days' where id = ${owner.keyId}`
    await call('POST', `/api/keys/${old.id}/rotate`, { headers: owner.auth })
    await app.accessLog.flush()

    const examine = async (t: Test, what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        // Without motion no colour is caught on its way from one theme to the other.
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        t.same(await axe(page), [], `${what}, ${colorScheme}`)
      }
    }
    const look = async (t: Test, where: string) => {
      await go(where)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      await examine(t, where)
      await fits(t, page, 360, 740, where)
      await page.setViewportSize({ width: 1280, height: 850 })
    }
    for (const { path: where } of pages.filter((listed) => listed.open)) await look(t, `${where}#token=mt_x`)
    await logIn(owner)
    const logOut = page.getByRole('button', { name: 'Log out' })
    for (const { path: where } of pages.filter((listed) => !listed.open)) {
      if (where.includes(':') && !where.startsWith('/settings/keys/')) continue
      await look(t, where.replace(':id', old.id))
      await eventually(t, () => logOut.isVisible(), true, `log-out is in sight on ${where}`)
    }
    await go('/settings/keys')
    for (const [open, what] of [
      ['Control+k', 'the palette'],
      ['?', 'the shortcuts'],
    ] as const) {
      await page.getByRole('table').waitFor()
      await page.keyboard.press(open)
      await page.getByRole('dialog').waitFor()
      await examine(t, what)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await page.setViewportSize({ width: 360, height: 740 })
    const menu = page.getByRole('navigation', { name: 'Dashboard' })
    await eventually(t, () => menu.isVisible(), false, 'on a phone the navigation is a menu')
    await page.getByRole('button', { name: 'Menu' }).click()
    await menu.getByRole('link', { name: 'API Keys' }).waitFor()
    await examine(t, 'the menu')
    await page.keyboard.press('Escape')
    await menu.waitFor({ state: 'hidden' })
    await page.setViewportSize({ width: 1280, height: 850 })
    await page.getByRole('button', { name: 'Revoke Everything' }).click()
    await page.getByRole('dialog').waitFor()
    await examine(t, 'revoking')
    t.same(trouble, [])
  },
)
