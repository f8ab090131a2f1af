import axeCore from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import type { Tenant, TestApp } from './app.ts'
import { openBrowser } from './browser.ts'
import { eventually, until } from './until.ts'

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
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
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

/** Resizes the window, and asserts that nothing is wider than it. A chart follows a moment after the rest. */
export async function fits(t: Test, page: Page, width: number, height: number, what: string): Promise<void> {
  await page.setViewportSize({ width, height })
  const widths = '[document.documentElement.clientWidth, document.documentElement.scrollWidth]'
  await eventually(t, () => page.evaluate<number[]>(widths), [width, width], `${what} fits ${width} pixels`)
}

/**
 * Takes what a test expects to have gone wrong out of the trouble, once it is there: the answer, and the browser's own
 * line about it. Either may come later than what the page shows.
 */
export async function expectRefusals(trouble: string[], ...refusals: string[]): Promise<void> {
  for (const refusal of refusals) {
    await take(trouble, (text) => text === refusal, refusal)
    const status = `status of ${refusal.slice(0, 3)}`
    await take(trouble, (text) => text.includes(status), status)
  }
}

async function take(trouble: string[], fits: (text: string) => boolean, what: string): Promise<void> {
  await until(() => trouble.some(fits), what).catch(() => {
    throw new Error(`there was no ${what} among ${JSON.stringify(trouble)}`)
  })
  trouble.splice(trouble.findIndex(fits), 1)
}
