// Makes the pictures of docs/sdk.md, on a sandbox that runs (npm start), with the key that its first start shows:
//   node bench/evidence/sdk-pictures.ts http://127.0.0.1:3000 sk_dev_… docs/images/sdk
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { ar } from '../../web/sdk/languages/ar.ts'
import { en, type Messages } from '../../web/sdk/languages/en.ts'

const [base = 'http://127.0.0.1:3000', key = '', folder = 'docs/images/sdk'] = process.argv.slice(2)

async function post(url: string, body: object): Promise<{ id: string; url: string }> {
  const response = await fetch(base + url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`)
  return (await response.json()) as { id: string; url: string }
}

async function invite(language: string): Promise<string> {
  const questions = [
    { prompt: 'Tell us about a time you turned an unhappy customer into a happy one.', kind: 'text' },
    { prompt: 'Which shift suits you best?', kind: 'choice', options: ['Early', 'Late', 'Either is fine'] },
    { prompt: 'How would you explain an outage to a customer?', kind: 'audio', timeLimitSeconds: 90 },
    { prompt: 'Introduce yourself to the team.', kind: 'video', timeLimitSeconds: 120 },
    { prompt: 'Three things you check when a page is slow?', kind: 'text', timeLimitSeconds: 120 },
  ]
  const campaign = await post('/api/campaigns', { name: 'Support engineer', language, questions })
  const candidate = { email: `${campaign.id}@people.example`, name: 'Cara' }
  return (await post(`/api/campaigns/${campaign.id}/invites`, { candidate })).url
}

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
})

async function open(url: string, options: BrowserContextOptions) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.goto(url)
  return { page, context, press: (name: string) => page.getByRole('button', { name, exact: true }).click() }
}

function picture(page: Page, name: string): Promise<Buffer> {
  return page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true })
}

// Long enough for the meter to show something, and for the browser to draw what it loaded.
const settle = (page: Page) => page.waitForTimeout(1500)

/** The whole way, in English and by daylight. */
async function wholeWay(): Promise<void> {
  const { page, context, press } = await open(await invite('en'), { viewport: { width: 640, height: 320 } })
  await page.getByRole('checkbox').check()
  await picture(page, 'welcome')
  await press(en.begin)
  await press(en.allow)
  await settle(page)
  await picture(page, 'equipment')
  await press(en.continue)
  await page
    .getByLabel(en.yourAnswer)
    .fill('She had lost a day of work. I listened first, and then we rebuilt the file.')
  await picture(page, 'text')
  await press(en.continue)
  await page.getByLabel('Late').check()
  await picture(page, 'choice')
  await press(en.continue)
  await speak(page, press, 'audio')
  await speak(page, press, 'video')
  await picture(page, 'timed')
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('The network tab, the slowest query, and what changed last.')
  await picture(page, 'clock')
  await context.setOffline(true)
  await page.getByText(en.offline).waitFor()
  await picture(page, 'offline')
  await press(en.continue)
  await context.setOffline(false)
  await page.getByText(en.saved, { exact: true }).nth(4).waitFor()
  await picture(page, 'review')
  await press(en.pause)
  await picture(page, 'pause')
  await press(en.continue)
  await press(en.finish)
  await page.getByRole('heading', { name: en.thanks }).waitFor()
  await picture(page, 'thanks')
  await context.close()
}

async function speak(page: Page, press: (name: string) => Promise<void>, name: string): Promise<void> {
  await press(en.record)
  await settle(page)
  await picture(page, `${name}-recording`)
  await press(en.stop)
  await page.getByRole('button', { name: en.send }).waitFor()
  await settle(page)
  await picture(page, `${name}-recorded`)
  await press(en.send)
}

/** A small phone at night, and a language that is written from the right. */
async function welcomes(): Promise<void> {
  const small = { viewport: { width: 320, height: 320 } }
  for (const [language, texts, name, options] of [
    ['en', en, 'dark', { ...small, colorScheme: 'dark' }],
    ['ar', ar, 'arabic', small],
  ] satisfies [string, Messages, string, BrowserContextOptions][]) {
    const { page, context, press } = await open(await invite(language), options)
    await page.getByRole('checkbox').check()
    await press(texts.begin)
    await press(texts.continue)
    await page.getByLabel(texts.yourAnswer).waitFor()
    await picture(page, name)
    await context.close()
  }
  const { page, context } = await open(`${base}/interview#inv_none`, {
    viewport: { width: 640, height: 320 },
  })
  await page.getByRole('heading', { name: en.refused }).waitFor()
  await picture(page, 'refused')
  await context.close()
}

await wholeWay()
await welcomes()
await browser.close()
