import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { TestApp } from './app.ts'

/** A microphone and a camera that are not there, and a person who allows them. */
export const fakeDevices = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

/** Makes sure that the SDK under test is what its sources say. */
export function buildSdk(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  execFileSync(process.execPath, ['web/build.ts', 'sdk'], { cwd: root })
}

/** An integrator's site on an origin of its own, under the CSP that docs/sdk.md names; it ends with the test. */
export async function careersSite(t: Test, server: TestApp): Promise<string> {
  const api = await server.listen()
  const { body: release } = await server.call('GET', '/sdk.json')
  const script = new URL(release.script.url).pathname
  const site = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript')
      return response.end(pageScript)
    }
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader(
      'content-security-policy',
      `default-src 'none'; script-src 'self' ${api}; connect-src ${api}; media-src blob:; require-trusted-types-for 'script'`,
    )
    response.end(`<!doctype html><html lang="en"><title>Careers</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><main><h1>Careers</h1><div id="container"></div></main>
<script src="${api}${script}" integrity="${release.script.integrity}" crossorigin="anonymous"></script>
<script src="/page.js"></script></html>`)
  })
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  t.teardown(() => new Promise<void>((resolve) => void site.close(() => resolve())))
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`
}

// The page that an integrator would write; it notes what it hears.
const pageScript = `
window.heard = []
const hear = (name) => (what) => window.heard.push([name, what])
const streams = []
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted)
  streams.push(stream)
  return stream
}
window.listening = () => streams.flatMap((stream) => stream.getTracks()).filter(({ readyState }) => readyState === 'live').length
const options = JSON.parse(sessionStorage.getItem('options') ?? 'null')
window.open_ = (options) => {
  sessionStorage.setItem('options', JSON.stringify(options))
  window.mounted = InterviewSDK.mount('#container', {
    ...options,
    onReady: hear('ready'),
    onProgress: hear('progress'),
    onComplete: hear('complete'),
    onError: hear('error'),
  })
}
if (options) open_(options)
`

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const rules = {
  all: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  colors: { type: 'rule', values: ['color-contrast'] },
}

/** What axe finds wrong by WCAG 2.2, levels A and AA, in shadow roots too: one line a finding. */
export async function accessibilityFaults(page: Page, of: keyof typeof rules = 'all'): Promise<string[]> {
  // Evaluated from outside, as the page's CSP would refuse a script tag.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe)
  const options = JSON.stringify({ preload: false, runOnly: rules[of] })
  return page.evaluate(`axe.run(document, ${options}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ' ' + target.flat().join(' ') + ': ' + failureSummary)))`)
}
