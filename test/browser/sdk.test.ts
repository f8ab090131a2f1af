import type { Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { en } from '../../web/sdk/languages/en.ts'
import { openBrowser, withoutBrowser } from '../support/browser.ts'
import { heard, openPage, questions, sharedWorld } from '../support/candidate.ts'
import { accessibilityFaults } from '../support/careers-page.ts'

const world = sharedWorld(t)

/** What holds of each step: accessible in both themes, and nothing wider than a small phone. */
async function checkStep(t: Test, page: Page, shown: Locator): Promise<void> {
  await shown.waitFor()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // Nothing but the colors is another in the dark.
    const rules = colorScheme === 'light' ? 'all' : 'colors'
    t.same(await accessibilityFaults(page, rules), [], `${shown}, ${colorScheme}`)
  }
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, `${shown}: width`)
}

t.test('a candidate answers on another origin', { skip: withoutBrowser }, async (t) => {
  const { site, invite, interviewOf, browser } = await world()
  const { token, id } = await invite()
  const { page, trouble, press, mount } = await openPage(t, browser, site)
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })
  const step = (name: string) => checkStep(t, page, heading(name))
  await mount({ invite: token })

  await step('Support engineer')
  await press(en.begin)
  t.ok(await heading('Support engineer').isVisible(), 'nothing begins without consent')
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await press(en.allow)
  await page.getByText(en.speak).waitFor()
  await step(`${en.camera} · ${en.microphone}`)
  t.equal(await page.evaluate('listening()'), 2, 'a microphone and a camera are on')
  await press(en.continue)
  t.equal(await page.evaluate('listening()'), 0, 'and off where nobody needs them')

  await page.getByLabel(en.yourAnswer).fill('Because')
  await step('Why this job?')
  await page.reload()
  await heading('Why this job?').waitFor()
  t.equal(await page.getByLabel(en.yourAnswer).inputValue(), 'Because', 'a draft survives a reload')
  await press(en.continue)
  t.match(
    await page.evaluate('document.querySelector("#container > div").shadowRoot.activeElement.textContent'),
    'Which shift?',
    'the focus goes along',
  )

  await page.getByLabel('Late').check()
  await step('Which shift?')
  await press(en.continue)

  await press(en.allow)
  await button(en.record).waitFor()
  await step('Explain an outage.')
  await press(en.record)
  await page.getByText(/Time left: 1:[0-2]\d/).waitFor()
  await press(en.stop)
  await button(en.send).waitFor()
  await step('Explain an outage.')
  await page.reload()
  await button(en.send).waitFor()
  t.ok(await page.locator('audio').isVisible(), 'so does a recording')
  await press(en.send)

  await press(en.allow)
  await button(en.record).waitFor()
  await step('Introduce yourself.')
  await press(en.record)
  await page.getByText(/Time left: 19:\d\d/).waitFor()
  await press(en.stop)
  await button(en.send).waitFor()
  t.equal(await page.evaluate('listening()'), 0, 'off after a recording')
  await page.context().setOffline(true)
  await press(en.send)
  await page.getByText(en.offline).waitFor()
  await step(`You have 10:00 from the moment you see this question.`)
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('Cable, power, name')
  await step('Three things to check?')
  await press(en.continue)
  await page.getByText(en.sending).first().waitFor()
  await page.context().setOffline(false)

  await page.getByText(en.saved, { exact: true }).nth(4).waitFor()
  await page.getByText(en.offline).waitFor({ state: 'detached' })
  await step(en.review)
  await press(en.pause)
  await step(en.pause)
  await press(en.continue)
  await press(en.finish)
  await step(en.thanks)
  await page.reload()
  await heading(en.thanks).waitFor()

  const seen = trouble.filter((line) => !line.includes('ERR_INTERNET_DISCONNECTED'))
  t.same(seen, [], 'no error in the console')
  const interview = await interviewOf(id)
  t.equal(interview.status, 'completed')
  const byId = Object.fromEntries(
    interview.answers.map((answer: { questionId: string }) => [answer.questionId, answer]),
  )
  t.match(byId, {
    why: { text: 'Because' },
    shift: { choice: 'Late' },
    quick: { text: 'Cable, power, name' },
  })
  for (const [question, type] of [
    ['voice', /^audio\/webm/],
    ['face', /^video\/webm/],
  ] as const) {
    const { file } = byId[question]
    t.match(file.contentType, type)
    const download = await fetch(file.url)
    t.equal(download.status, 200)
    t.equal((await download.arrayBuffer()).byteLength, file.sizeBytes, `${question}: ${file.sizeBytes} bytes`)
  }
})

t.test(
  'an invite that was used, and one that never was, are refused alike',
  { skip: withoutBrowser },
  async (t) => {
    const { server, site, invite, browser } = await world()
    const { token } = await invite()
    t.equal((await server.call('POST', '/api/embed/sessions', { body: { invite: token } })).status, 200)
    const { page, mount } = await openPage(t, browser, site)
    for (const invite of [token, `${token.slice(0, -1)}x`, 'inv_8f7d9e2c1a0b3h4k5j6m']) {
      await mount({ invite })
      await checkStep(t, page, page.getByRole('heading', { name: en.refused }))
    }
    const errors = (await heard(page)).map(([name, what]) => `${name} ${what.code}`)
    t.same(errors, Array(3).fill('error INVITE_REFUSED'))
  },
)

t.test('the page hears of it, and can take it away', { skip: withoutBrowser }, async (t) => {
  const { site, invite, browser } = await world()
  const { page, press, mount, trouble } = await openPage(t, browser, site)
  await mount({
    invite: (await invite(questions.slice(0, 1))).token,
    language: 'ar-EG',
    theme: 'dark',
    variables: { accent: '#a78bfa' },
  })
  await page.getByRole('checkbox').check()
  const look = `(({ direction, colorScheme }) => [direction, colorScheme])(getComputedStyle(document.querySelector('#container > div').shadowRoot.querySelector('.card')))`
  t.same(await page.evaluate(look), ['rtl', 'dark'])
  t.same(await accessibilityFaults(page), [])
  await press('ابدأ')
  await page.getByLabel('إجابتك').fill('لأن')
  await press('متابعة')
  await page.getByText('محفوظة', { exact: true }).waitFor()
  await press('إنهاء المقابلة')
  await page.getByRole('heading', { name: 'شكرًا لك' }).waitFor()
  const events = await heard(page)
  t.match(events, [
    [
      'ready',
      { title: 'Support engineer', language: 'ar', questions: 1, status: 'created', interviewId: null },
    ],
    ['progress', { questionId: 'why', answered: 1, questions: 1 }],
    ['complete', { answered: 1, questions: 1 }],
  ])
  await page.evaluate('mounted.unmount()')
  t.equal(await page.evaluate('document.querySelector("#container").childElementCount'), 0)
  t.same(trouble, [])
})

t.test(
  'who says no to the microphone is told what to do, and can go on',
  { skip: withoutBrowser },
  async (t) => {
    const { site, invite } = await world()
    const { page, press, mount } = await openPage(
      t,
      await openBrowser(t, ['--use-fake-device-for-media-stream', '--deny-permission-prompts']),
      site,
    )
    await mount({ invite: (await invite()).token })
    await page.getByRole('checkbox').check()
    await press(en.begin)
    await press(en.allow)
    await checkStep(t, page, page.getByText(en.denied))
    await press(en.continue)
    await page.getByRole('heading', { name: 'Why this job?' }).waitFor()
    t.same((await heard(page)).at(-1)?.[1].code, 'MEDIA_UNAVAILABLE')
  },
)

t.test(
  'the hosted page takes the invite out of the address, and survives a reload',
  { skip: withoutBrowser },
  async (t) => {
    const { server, invite, browser } = await world()
    const base = await server.listen()
    const { url } = await invite()
    const { page, press, trouble } = await openPage(
      t,
      browser,
      base + new URL(url).pathname + new URL(url).hash,
    )
    await page.getByRole('checkbox').check()
    t.equal(page.url(), `${base}/interview`)
    t.equal(await page.title(), 'Support engineer')
    await press(en.begin)
    await press(en.allow)
    await page.getByText(en.speak).waitFor()
    await press(en.continue)
    await checkStep(t, page, page.getByRole('heading', { name: 'Why this job?' }))
    await page.reload()
    await page.getByRole('heading', { name: 'Why this job?' }).waitFor()
    t.same(trouble, [])
  },
)
