import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'

/** Why a test in a browser can't run here, as tap's `skip` option wants it. Never in CI, which installs one. */
export const withoutBrowser =
  existsSync(executablePath) || process.env.CI === 'true' ? false : `no browser at ${executablePath}`

/**
 * A real, headless browser, closed with the test. It asks nobody but the page it is shown.
 * @param args besides, such as `--use-fake-device-for-media-stream`
 */
export async function openBrowser(t: Test, args: readonly string[] = []): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
  t.teardown(() => browser.close())
  return browser
}
