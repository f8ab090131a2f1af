import t from 'tap'
import { en } from '../../web/sdk/languages/en.ts'
import { withoutBrowser } from '../support/browser.ts'
import { openPage, questions, sharedWorld } from '../support/candidate.ts'

const world = sharedWorld(t)

// Makes the recording that is kept as long as one of minutes: a Void element (RFC 8794, 11.3.2) of 5 MiB at its end.
// It is there when its transaction is complete: a reload before that would undo it.
const lengthen = `new Promise((resolve) => {
  const opening = indexedDB.open('anteroom')
  opening.onsuccess = () => {
    const transaction = opening.result.transaction('recordings', 'readwrite')
    transaction.objectStore('recordings').openCursor().onsuccess = ({ target: { result: cursor } }) => {
      const length = 5 * 1024 * 1024
      const head = new Uint8Array(9)
      head.set([0xec, 1])
      new DataView(head.buffer).setUint32(5, length)
      const longer = new Blob([cursor.value, head, new Uint8Array(length)], { type: cursor.value.type })
      cursor.update(longer)
      transaction.oncomplete = () => resolve(longer.size)
    }
  }
})`

t.test('a long recording goes on where a reload broke it off', { skip: withoutBrowser }, async (t) => {
  const { site, invite, interviewOf, browser } = await world()
  const { token, id } = await invite(questions.slice(3, 4))
  const { page, press, mount } = await openPage(t, browser, site)
  await mount({ invite: token })
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await press(en.continue)
  await press(en.allow)
  await press(en.record)
  await page.getByText(/Time left: 19:\d\d/).waitFor()
  await press(en.stop)
  await page.getByRole('button', { name: en.send }).waitFor()
  const size: number = await page.evaluate(lengthen)
  await page.reload()
  await page.getByRole('button', { name: en.send }).waitFor()

  const network = await page.context().newCDPSession(page)
  // Bytes a second: slow enough for the reload to come in between.
  const throttle = (uploadThroughput: number) =>
    network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    })
  await throttle(2 * 1024 * 1024)
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/uploads')) asked.push(request.method())
  })
  const firstPart = page.waitForResponse((response) => response.request().method() === 'PATCH')
  await press(en.send)
  await firstPart
  await page.reload()
  await throttle(-1)
  await page.getByText(en.saved, { exact: true }).waitFor()
  t.equal(asked.filter((method) => method === 'POST').length, 1, asked.join(' '))
  await press(en.continue)
  await press(en.finish)
  await page.getByRole('heading', { name: en.thanks }).waitFor()
  t.equal((await interviewOf(id)).answers[0].file.sizeBytes, size)
})

t.test('an interview is completed after the end of a break', { skip: withoutBrowser }, async (t) => {
  const { site, invite, browser } = await world()
  const { page, press, mount, trouble } = await openPage(t, browser, site)
  await mount({ invite: (await invite(questions.slice(0, 1))).token })
  await page.getByRole('checkbox').check()
  await press(en.begin)
  await page.getByLabel(en.yourAnswer).fill('Because')
  await press(en.continue)
  await page.getByText(en.saved, { exact: true }).waitFor()

  await page.evaluate(`{
    globalThis.asked = []
    const { open } = XMLHttpRequest.prototype
    XMLHttpRequest.prototype.open = function (method, url) {
      asked.push(url.split('/').at(-1))
      open.call(this, method, url)
    }
  }`)
  const { promise: pressed, resolve: goOn } = Promise.withResolvers<void>()
  await page.route('**/interview/resume', async (route) => {
    await pressed
    await route.continue()
  })
  await press(en.pause)
  await press(en.continue)
  await press(en.finish)
  await page.getByRole('button', { name: en.finish, disabled: true }).waitFor()
  t.same(await page.evaluate('asked'), ['pause', 'resume'], 'it waits for that')
  goOn()
  await page.getByRole('heading', { name: en.thanks }).waitFor()
  t.same(await page.evaluate('asked'), ['pause', 'resume', 'complete'])
  t.same(trouble, [], 'the server refused neither')
})

t.test(
  'an interview begins although the first answer was lost on its way',
  { skip: withoutBrowser },
  async (t) => {
    const { site, invite, browser } = await world()
    const { page, press, mount } = await openPage(t, browser, site)
    let lost = 0
    await page.route('**/api/embed/sessions', async (route) => {
      if (lost > 0 || route.request().method() !== 'POST') return route.fallback()
      lost += 1
      t.equal((await route.fetch()).status(), 200, 'the server has exchanged it')
      await route.abort('connectionfailed')
    })
    await mount({ invite: (await invite(questions.slice(0, 1))).token })
    await page.getByRole('checkbox').check()
    await press(en.begin)
    await page.getByRole('heading', { name: 'Why this job?' }).waitFor()
    t.equal(lost, 1)
  },
)
