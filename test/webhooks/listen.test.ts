import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { signatureOf, startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

const script = fileURLToPath(new URL('../../bin/anteroom.ts', import.meta.url))

function listen(t: Test, args: string[], key?: string) {
  const child = spawn(process.execPath, [script, 'listen', ...args], {
    env: { PATH: process.env.PATH, ...(key ? { ANTEROOM_API_KEY: key } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text
    })
  const ended = once(child, 'close')
  return {
    output: () => output,
    lines: () =>
      output
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    async end(signal?: NodeJS.Signals) {
      if (signal) child.kill(signal)
      return (await ended)[0]
    },
  }
}

t.test('events reach a local port, signed, and a later run goes on where one ended', async (t) => {
  const receiver = await startReceiver(t)
  const server = await testApp(t)
  const base = await server.listen()
  const { auth, key } = await server.tenant()
  const create = (name: string) => server.call('POST', '/api/campaigns', { headers: auth, body: { name } })
  const args = ['--forward-to', receiver.url, '--base-url', base, '--json']

  const first = listen(t, args, key)
  await until(() => first.output().includes('"connected"'), 'the connection')
  await create('One')
  const [one] = await receiver.take(1)
  const { secret } = first.lines().find(({ status }) => status === 'listening')
  t.same(new Webhook(secret).verify(one?.body ?? '', one ? signatureOf(one) : {}), one?.event)
  await until(() => first.output().includes('"status":200'), 'its line')
  t.equal(await first.end('SIGINT'), 0)
  const { last } = first.lines().at(-1)
  t.equal(last, one?.id)

  await create('Two')
  const second = listen(t, [...args, '--after', last, '--secret', secret], key)
  const [, two] = await receiver.take(2)
  t.equal(two?.event.data.name, 'Two')
  t.equal(await second.end('SIGTERM'), 0)
})

t.test('it says what is wrong, and ends', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { key } = await server.tenant()
  const args = ['--forward-to', 'http://127.0.0.1:9/hook', '--base-url', base]
  const wrong = listen(t, args, `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`)
  t.equal(await wrong.end(), 1)
  t.match(wrong.output(), /The API answered 401 Invalid API key/)
  const none = listen(t, args)
  t.equal(await none.end(), 1)
  t.match(none.output(), /set ANTEROOM_API_KEY/)
  const place = listen(t, ['--forward-to', 'localhost:8080'], key)
  t.equal(await place.end(), 1)
  t.match(place.output(), /--forward-to must be a URL/)
})
