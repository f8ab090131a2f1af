import axeCore from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import type { Tenant, TestApp } from './app.ts'
import { openBrowser } from './browser.ts'

// A machine that has more to do than this test takes its time.
const PATIENCE_MS = 60_000

/** The dashboard in a browser, and all that went wrong in it. */
export interface Dashboard {
  readonly base: string
  readonly browser: Browser
  readonly context: BrowserContext
  readonly page: Page
  /** Console errors, failed requests, answers of 400 and above, what the CSP stopped. */
  readonly trouble: string[]
  /** Goes to a path of the dashboard. */
  go(path: string): Promise<void>
  /** Opens a session as the log-in page does, without its form. */
  logIn(tenant: Pick<Tenant, 'email' | 'password'>): Promise<void>
}

/** Opens a browser on a server under test; it ends with the test. */
export async function openDashboard(
  t: Test,
  server: Pick<TestApp, 'listen'>,
  look: { browser?: Browser } = {},
): Promise<Dashboard> {
  const base = await server.listen()
  const browser = look.browser ?? (await openBrowser(t))
  const context = await browser.newContext({
    colorScheme: 'light',
    viewport: { width: 1280, height: 850 },
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const trouble: string[] = []
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('requestfailed', (request) => {
    // What is under way when a page is left is given up by the browser itself.
    const why = request.failure()?.errorText ?? ''
    if (why !== 'net::ERR_ABORTED') trouble.push(`${request.url()} ${why}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) trouble.push(`${response.status()} ${new URL(response.url()).pathname}`)
  })
  return {
    base,
    browser,
    context,
    page,
    trouble,
    go: async (path) => {
      await page.goto(`${base}/dashboard${path}`)
    },
    async logIn({ email, password }) {
      const answer = await context.request.post(`${base}/dashboard/session`, { data: { email, password } })
      if (answer.status() !== 201)
        throw new Error(`log-in answered ${answer.status()}: ${await answer.text()}`)
      await context.addInitScript("localStorage.setItem('anteroom:logged-in', '1')")
    },
  }
}

/** What axe finds wrong with the page as it is: `rule: selector`. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeCore.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[]
        }>
      }
    }
    const { violations } = await axe.run()
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
  })
}

/** Takes what a test expects to have gone wrong out of the trouble: the browser itself reports each refused request. */
export function expectRefusals(trouble: string[], ...refusals: string[]): void {
  for (const refusal of refusals) {
    const at = trouble.indexOf(refusal)
    if (at === -1) throw new Error(`there was no ${refusal} among ${JSON.stringify(trouble)}`)
    trouble.splice(at, 1)
    const status = refusal.slice(0, 3)
    const said = trouble.findIndex((text) => text.includes(`status of ${status}`))
    if (said !== -1) trouble.splice(said, 1)
  }
}
