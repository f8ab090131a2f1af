import type { Page } from 'playwright-core'
import t from 'tap'
import { en } from '../../web/sdk/languages/en.ts'
import { withoutBrowser } from '../support/browser.ts'
import { heard, openPage, questions, sharedWorld } from '../support/candidate.ts'
import { accessibilityFaults } from '../support/careers-page.ts'

const world = sharedWorld(t)
const [why, shift, voice] = questions as unknown as [object, object, object]
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true, level: 2 })

/** The status of an invite, as the integrator's key reads it. */
async function statusOf(id: string): Promise<string> {
  const { server, auth } = await world()
  return (await server.call('GET', `/api/invites/${id}`, { headers: auth })).body.status
}

t.test('opening the link changes nothing, whatever opens it', { skip: withoutBrowser }, async (t) => {
  const { server, site, invite, browser } = await world()
  const base = await server.listen()
  const { token, id, url } = await invite([why])
  const hosted = base + new URL(url).pathname + new URL(url).hash
  for (let visit = 1; visit <= 2; visit += 1) {
    const { page } = await openPage(t, browser, hosted)
    await heading(page, 'Support engineer').waitFor()
    t.equal(await page.title(), 'Support engineer')
  }
  const { page, mount } = await openPage(t, browser, site)
  await mount({ invite: token })
  await heading(page, 'Support engineer').waitFor()
  t.match(await heard(page), [['ready', { interviewId: null, status: 'created', questions: 1 }]])
  t.equal(await statusOf(id), 'pending')
  await page.getByRole('checkbox').check()
  await page.getByRole('button', { name: en.begin }).click()
  await heading(page, 'Why this job?').waitFor()
  t.equal(await statusOf(id), 'started')
})

for (const place of ['hosted', 'site'] as const) {
  t.test(`on the ${place} page, the same browser comes back`, { skip: withoutBrowser }, async (t) => {
    const { server, site, invite, browser } = await world()
    const base = await server.listen()
    const { token, id, url } = await invite([why, shift])
    const address = place === 'hosted' ? base + new URL(url).pathname + new URL(url).hash : site
    const first = await openPage(t, browser, address)
    const open = async (page: Page) => {
      if (place === 'site') await page.evaluate(`open_(${JSON.stringify({ invite: token })})`)
    }
    await open(first.page)
    await first.page.getByRole('checkbox').check()
    await first.press(en.begin)
    await first.page.getByLabel(en.yourAnswer).fill('Because')

    // The tab is closed, and the link opened again.
    const context = first.page.context()
    await first.page.close()
    const second = await context.newPage()
    await second.goto(address)
    await open(second)
    await heading(second, 'Why this job?').waitFor()
    t.equal(await second.getByLabel(en.yourAnswer).inputValue(), 'Because', 'with what was typed')

    // Another tab says where the interview is, and takes over.
    const third = await context.newPage()
    await third.goto(address)
    await open(third)
    await heading(third, en.elsewhere).waitFor()
    t.same(await accessibilityFaults(third), [])
    await third.getByRole('button', { name: en.continue }).click()
    await heading(third, 'Why this job?').waitFor()
    await heading(second, en.elsewhere).waitFor()
    await third.getByLabel(en.yourAnswer).fill('Because I can')
    t.equal(await statusOf(id), 'started')
    await third.getByRole('button', { name: en.continue }).click()
    await third.getByLabel('Late').check()

    // And back again, with what was answered there.
    await second.getByRole('button', { name: en.continue }).click()
    await heading(second, 'Which shift?').waitFor()
    t.ok(await second.getByLabel('Late').isChecked())
    await second.getByRole('button', { name: en.continue }).click()
    await second.getByText(en.saved, { exact: true }).nth(1).waitFor()
    await third.close()

    // Another browser is still refused.
    const stranger = await openPage(t, browser, address)
    await open(stranger.page)
    await heading(stranger.page, en.refused).waitFor()

    await second.getByRole('button', { name: en.finish }).click()
    await heading(second, en.thanks).waitFor()
    const later = await context.newPage()
    await later.goto(address)
    await open(later)
    await heading(later, en.thanks).waitFor()
    await later.getByText(/^You have finished\./).waitFor()
    await heading(second, en.thanks).waitFor()
  })
}

t.test('a browser that was closed, or crashed, comes back', { skip: withoutBrowser }, async (t) => {
  const { server, invite, browser } = await world()
  const base = await server.listen()
  const { id, url } = await invite([why])
  const address = base + new URL(url).pathname + new URL(url).hash
  const { page, press } = await openPage(t, browser, address)
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('Because')
  const storageState = await page.context().storageState({ indexedDB: true })
  await page.context().close()

  const context = await browser.newContext({ storageState })
  t.teardown(() => context.close())
  const again = await context.newPage()
  await again.goto(address)
  await heading(again, 'Why this job?').waitFor()
  t.equal(await again.getByLabel(en.yourAnswer).inputValue(), 'Because')
  t.equal(await statusOf(id), 'started')
})

t.test(
  'a tab that a locked phone froze stops when another one takes over',
  { skip: withoutBrowser },
  async (t) => {
    const { server, invite, browser } = await world()
    const base = await server.listen()
    const { url } = await invite([why])
    const address = base + new URL(url).pathname + new URL(url).hash
    const { page, press } = await openPage(t, browser, address)
    await page.getByRole('checkbox').check()
    await press(en.begin)
    await page.getByLabel(en.yourAnswer).fill('Because')
    const phone = await page.context().newCDPSession(page)
    await phone.send('Page.setWebLifecycleState', { state: 'frozen' })

    const second = await page.context().newPage()
    await second.goto(address)
    await second.getByText(en.takeOver).waitFor()
    await second.getByRole('button', { name: en.continue }).click()
    await heading(second, 'Why this job?').waitFor()
    t.equal(await second.getByLabel(en.yourAnswer).inputValue(), 'Because')
    await phone.send('Page.setWebLifecycleState', { state: 'active' })
    await heading(page, en.elsewhere).waitFor()
  },
)

t.test('who is in an interview that is ended is told so', { skip: withoutBrowser }, async (t) => {
  const { server, site, invite, browser, auth } = await world()
  const { token, id } = await invite([why])
  const { page, press, mount } = await openPage(t, browser, site)
  await mount({ invite: token })
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('Because')
  t.equal((await server.call('POST', `/api/invites/${id}/cancel`, { headers: auth })).status, 200)
  await press(en.continue)
  await heading(page, en.ended).waitFor()
  t.match((await heard(page)).at(-1), ['error', { code: 'SESSION_ENDED' }])
  await page.reload()
  await heading(page, en.ended).waitFor()
})

t.test('texts that cannot be loaded are English', { skip: withoutBrowser }, async (t) => {
  const { site, invite, browser } = await world()
  const { token } = await invite([why])
  const { page, mount } = await openPage(t, browser, site)
  await page.route('**/ar.txt', (route) => route.abort('connectionfailed'))
  await mount({ invite: token, language: 'ar' })
  await page.getByRole('button', { name: en.begin }).waitFor()
  t.match(await heard(page), [['ready', { language: 'en' }]])
  await page.unroute('**/ar.txt')
  await mount({ invite: token, language: 'ar' })
  await page.getByRole('button', { name: 'ابدأ' }).waitFor()
})

t.test('a browser that lost what it kept comes back by its cookie', { skip: withoutBrowser }, async (t) => {
  const { server, invite, browser } = await world()
  const base = await server.listen()
  const { url } = await invite([why])
  const address = base + new URL(url).pathname + new URL(url).hash
  const { page, press } = await openPage(t, browser, address)
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await heading(page, 'Why this job?').waitFor()
  await page.evaluate('localStorage.clear()')
  await page.goto(`${base}/interview`)
  await page.goto(address)
  await heading(page, 'Support engineer').waitFor()
  await press(en.continue)
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('Because')
  await press(en.continue)
  await press(en.finish)
  await heading(page, en.thanks).waitFor()
  await page.evaluate('localStorage.clear()')
  await page.goto(`${base}/interview`)
  await page.goto(address)
  await heading(page, en.thanks).waitFor()
})

t.test('a page of another origin is told the reason', { skip: withoutBrowser }, async (t) => {
  const { server, site, invite, browser, auth, organization } = await world()
  const { token, id } = await invite([why])
  await organization({ allowedOrigins: [] })
  t.teardown(() => organization({ allowedOrigins: [site] }))
  const { page, mount, trouble } = await openPage(t, browser, site)
  await mount({ invite: token })
  await page.getByText(`Pages of ${site} may not use this organization's interviews`).waitFor()
  const [[name, error] = []] = await heard(page)
  t.match([name, error], ['error', { code: 'ORIGIN_NOT_ALLOWED', requestId: /^req_/ }])
  const log = await server.call('GET', `/api/logs/${error?.requestId}`, { headers: auth })
  t.match(log, { status: 200, body: { reason: 'origin_not_allowed' } })
  const told = trouble.find((line) => line.startsWith('InterviewSDK: '))
  t.match(told, /Pages of .* The organization lists the origins that may: allowedOrigins/, 'in the console')
  t.equal(await statusOf(id), 'pending')
})

t.test(
  'a recording that was not sent is kept, and sent from the review',
  { skip: withoutBrowser },
  async (t) => {
    const { site, invite, interviewOf, browser } = await world()
    const { token, id } = await invite([voice])
    const { page, press, mount } = await openPage(t, browser, site)
    await mount({ invite: token })
    await page.getByRole('checkbox').check()
    await press(en.begin)
    await press(en.continue)
    await press(en.allow)
    await press(en.record)
    await page.getByText(/Time left: 1:[0-2]\d/).waitFor()
    await press(en.stop)
    await page.getByRole('button', { name: en.send }).waitFor()
    await press(en.continue)
    await heading(page, en.review).waitFor()
    await page.getByText(en.kept, { exact: true }).waitFor()
    t.same(await accessibilityFaults(page), [])
    await press(en.finish)
    await page.getByText(en.missingSome).waitFor()
    await page.reload()
    await press(en.continue)
    await heading(page, en.review).waitFor()
    await press(en.send)
    await page.getByText(en.saved, { exact: true }).waitFor()
    t.equal(await page.getByRole('button', { name: en.send }).count(), 0)
    await press(en.finish)
    await heading(page, en.thanks).waitFor()
    t.ok((await interviewOf(id)).answers[0].file.sizeBytes > 0)
  },
)
