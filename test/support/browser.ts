import { existsSync } from 'node:fs'
import { type Browser, chromium, type Locator } from 'playwright-core'
import { decodeQR } from 'qr/decode.js'
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

/** The text of the QR code that a part of a page shows, read from its picture. */
export async function scan(code: Locator): Promise<string> {
  const picture = (await code.screenshot()).toString('base64')
  const { data, width, height } = await code
    .page()
    .evaluate<{ data: number[]; width: number; height: number }>(`(async () => {
      const bytes = Uint8Array.from(atob('${picture}'), (char) => char.charCodeAt(0))
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')
      canvas.drawImage(image, 0, 0)
      const { data, width, height } = canvas.getImageData(0, 0, image.width, image.height)
      return { data: [...data], width, height }
    })()`)
  return decodeQR({ data: Uint8ClampedArray.from(data), width, height })
}
