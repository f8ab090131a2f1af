import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { openBrowser, withoutBrowser } from '../support/browser.ts'

const FIRST_OPERATION = 'Who the credentials of this request stand for'

async function start() {
  const server = await testApp(t)
  return { base: await server.listen(), tenant: server.tenant, browser: await openBrowser(t) }
}

let ready: ReturnType<typeof start> | undefined

/** Opens a page in a browser, and holds it to: no console error, no failed request, nothing that the CSP stopped. */
async function open(t: Test, path: string) {
  ready ??= start()
  const { base, tenant, browser } = await ready
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  // The reference is a large page, and the machine of the tests has more to do.
  page.setDefaultTimeout(90_000)
  const trouble: string[] = []
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('requestfailed', (request) => trouble.push(`${request.url()} ${request.failure()?.errorText}`))
  page.on(
    'response',
    (response) => response.status() >= 400 && trouble.push(`${response.url()} ${response.status()}`),
  )
  await page.goto(base + path, { waitUntil: 'load' })
  return { page, trouble, tenant }
}

t.test(
  'the reference renders in a browser, and asks this server alone',
  { skip: withoutBrowser },
  async (t) => {
    const { page, trouble } = await open(t, '/docs')
    await page.getByText(FIRST_OPERATION).first().waitFor()
    t.match(await page.title(), /Anteroom/)
    t.same(trouble, [])
  },
)

t.test('the reference tries a request with a key', { skip: withoutBrowser }, async (t) => {
  const { page, trouble, tenant } = await open(t, '/docs')
  const { key } = await tenant()
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  await page.locator('.auth-container input').first().fill(key)
  await page.getByRole('button', { name: 'Apply credentials' }).first().click()
  await page.getByRole('button', { name: 'Close' }).first().click()
  await page.getByText(FIRST_OPERATION).first().click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  await page.getByRole('button', { name: 'Execute' }).click()
  await page.getByText('"type": "api_key"').first().waitFor()
  t.same(trouble, [])
})

t.test('the status page renders in a browser', { skip: withoutBrowser }, async (t) => {
  const { page, trouble } = await open(t, '/status')
  t.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'All systems operational')
  t.equal(await page.getByRole('row').count(), 4)
  const collapse = await page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse")
  t.equal(collapse, 'collapse', 'its style passed the CSP')
  t.same(trouble, [])
})
