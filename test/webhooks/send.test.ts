import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { Sender } from '../../operations/webhooks/send.ts'
import { newWebhookSecret } from '../../operations/webhooks/signature.ts'
import { targetRules } from '../../operations/webhooks/targets.ts'

const message = { id: 'evt_1', body: Buffer.from('{"a":1}') }
const secrets = [{ secret: newWebhookSecret(), until: null }]
const rules = targetRules('sandbox', ['127.0.0.0/8'])

/** A receiver that answers with these bytes, written as they stand; `end`: whether the connection ends then. */
async function answering(t: Test, bytes: string | Buffer, end = true) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => (end ? socket.end(bytes) : socket.write(bytes)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function send(t: Test, url: string, timeOutMs = 60_000) {
  const sender = new Sender(rules, { timeOutMs })
  t.teardown(() => sender.close())
  return sender.send(url, message, secrets)
}

t.test('a redirect is an answer, and is not followed', async (t) => {
  const elsewhere = await answering(t, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  for (const status of [301, 302, 307, 308]) {
    const url = await answering(
      t,
      `HTTP/1.1 ${status} Moved\r\nlocation: ${elsewhere}\r\ncontent-length: 0\r\n\r\n`,
    )
    t.match(await send(t, url), { status, error: null })
  }
})

t.test('of an answer the first KiB is kept', async (t) => {
  const url = await answering(t, `HTTP/1.1 500 No\r\n\r\n${'x'.repeat(1023)}é${'y'.repeat(5000)}`)
  const outcome = await send(t, url)
  t.equal(outcome?.status, 500)
  t.equal(outcome?.response?.length, 1024, 'in bytes: a character that was cut is replaced')
  const odd = await send(t, await answering(t, Buffer.from('HTTP/1.1 200 OK\r\n\r\na\0b\xff', 'latin1')))
  t.equal(odd?.response, 'a\ufffdb\ufffd')
})

t.test('an answer without end costs neither memory nor time', async (t) => {
  let written = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const chunk = Buffer.alloc(65_536, 'z')
    const more = () => {
      while (!socket.destroyed && socket.write(chunk)) written += chunk.length
    }
    socket.on('drain', more)
    more()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const outcome = await send(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  t.match(outcome, { status: 200, error: null })
  t.equal(outcome?.response?.length, 1024)
  t.ok(written < 64 * 1024 * 1024, `${written} bytes`)
})

t.test('who says 200 and goes on slowly has answered; who says nothing has not', async (t) => {
  // Long enough for a machine that stands still for a moment: what does answer has to be heard within it.
  const time = 2000
  const [drip, silent, half] = await Promise.all([
    send(t, await answering(t, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nslow', false), time),
    send(t, await answering(t, '', false), time),
    send(t, await answering(t, 'HTTP/1.1 200', false), time),
  ])
  t.match(drip, { status: 200, response: 'slow', error: null })
  t.match(silent, { status: null, error: 'no answer within 15 s' })
  t.match(half, { status: null, error: 'no answer within 15 s' })
})

t.test('what is no answer is told of in a sentence', async (t) => {
  t.match((await send(t, await answering(t, '')))?.error, /^the connection was closed/)
  t.match((await send(t, await answering(t, 'SSH-2.0-OpenSSH_9\r\n')))?.error, /HPE_|Expected HTTP/)
  const long = `HTTP/1.1 200 OK\r\nx: ${'h'.repeat(40_000)}\r\n\r\n`
  t.equal((await send(t, await answering(t, long)))?.error, 'the answer’s headers are too long')
  t.match((await send(t, 'http://127.0.0.1:1/'))?.error, 'connection refused')
  const sender = new Sender(rules, {
    resolve: () => Promise.reject(Object.assign(new Error('no such'), { code: 'ENOTFOUND' })),
  })
  t.teardown(() => sender.close())
  t.match(await sender.send('http://nowhere.example.com/', message, secrets), {
    error: 'host name not found',
  })
  const https = (await answering(t, 'plain text')).replace('http:', 'https:')
  t.match((await send(t, https))?.error, /SSL|EPROTO/i)
})

t.test('what is broken off as the server stops has no outcome', async (t) => {
  const sender = new Sender(rules)
  const url = await answering(t, '', false)
  const pending = sender.send(url, message, secrets)
  setImmediate(() => void sender.close())
  t.equal(await pending, null)
})
