import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { type Body, testApp } from './app.ts'
import { openBrowser } from './browser.ts'
import { buildSdk, careersSite, fakeDevices } from './careers-page.ts'

/** One of each kind. */
export const questions = [
  { id: 'why', prompt: 'Why this job?', kind: 'text' },
  { id: 'shift', prompt: 'Which shift?', kind: 'choice', options: ['Early', 'Late'] },
  { id: 'voice', prompt: 'Explain an outage.', kind: 'audio', timeLimitSeconds: 90 },
  { id: 'face', prompt: 'Introduce yourself.', kind: 'video' },
  { id: 'quick', prompt: 'Three things to check?', kind: 'text', timeLimitSeconds: 600 },
]

/**
 * Builds the SDK, and gives a file of tests its time.
 * @returns makes the file's world at the first call: a server, an integrator's site and a browser
 */
export function sharedWorld(t: Test) {
  buildSdk()
  // In all, where a file is run by itself: tap's own default is half a minute.
  t.setTimeout(180_000)
  let ready: ReturnType<typeof candidateWorld> | undefined
  return () => {
    ready ??= candidateWorld(t)
    return ready
  }
}

async function candidateWorld(t: Test) {
  const server = await testApp(t)
  const { auth } = await server.tenant()
  const site = await careersSite(t, server)
  const browser = await openBrowser(t, fakeDevices)
  const post = async (url: string, body: object, method: 'POST' | 'PATCH' = 'POST') => {
    const answer = await server.call(method, url, { headers: auth, body })
    if (answer.status >= 300) throw new Error(`${url}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  await post('/api/organization', { allowedOrigins: [site] }, 'PATCH')
  const invite = async (asked: object[] = questions) => {
    const campaign = await post('/api/campaigns', { name: 'Support engineer', questions: asked })
    return post(`/api/campaigns/${campaign.id}/invites`, {
      candidate: { email: `${campaign.id}@people.example`, name: 'Cara' },
    })
  }
  /** The interview of an invite, as the integrator's key reads it. */
  const interviewOf = async (inviteId: string): Promise<Body> => {
    const list = await server.call('GET', `/api/interviews?inviteId=${inviteId}`, { headers: auth })
    return (await server.call('GET', `/api/interviews/${list.body.interviews[0].id}`, { headers: auth })).body
  }
  const organization = (change: object) => post('/api/organization', change, 'PATCH')
  return { server, auth, site, invite, interviewOf, organization, browser }
}
/** A page in a context of its own, as wide as a small phone, that notes what goes wrong in it. */
export async function openPage(t: Test, browser: Browser, url: string) {
  const context = await browser.newContext({ viewport: { width: 320, height: 900 }, reducedMotion: 'reduce' })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const trouble: string[] = []
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(error.message))
  await page.goto(url)
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  return { page, trouble, press, mount: (options: object) => mount(page, options) }
}

function mount(page: Page, options: object): Promise<void> {
  return page.evaluate(`open_(${JSON.stringify(options)})`)
}

/** What the page heard of the SDK: names of callbacks, and with what they were called. */
export function heard(page: Page): Promise<[string, Record<string, unknown>][]> {
  return page.evaluate('heard')
}
