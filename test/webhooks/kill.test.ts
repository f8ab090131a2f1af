import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

const script = fileURLToPath(new URL('../../bin/anteroom.ts', import.meta.url))
const EVENTS = 120
const KILLS = 1

/** A worker as a process of its own. */
async function startWorkerProcess(t: Test, variables: Record<string, string>) {
  const child = spawn(process.execPath, [script, 'worker', '--json'], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  t.match(JSON.parse(String(line)), { environment: 'sandbox', status: 'working' })
  return async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return (await ended)[0]
  }
}

t.test('a worker that is killed loses nothing: another sends what it left, with the same ids', async (t) => {
  const receivers = [await startReceiver(t), await startReceiver(t)]
  const variables = {
    ENCRYPTION_KEY: Buffer.alloc(32, 9).toString('base64'),
    WEBHOOK_ALLOWED_TARGETS: '127.0.0.1',
  }
  const server = await testApp(t, variables)
  const { auth } = await server.tenant()
  for (const { url } of receivers)
    await server.call('POST', '/api/webhooks', { headers: auth, body: { url, events: ['campaign.created'] } })
  const create = (name: string) => server.call('POST', '/api/campaigns', { headers: auth, body: { name } })
  await Promise.all(Array.from({ length: EVENTS }, (_, count) => create(`c${count}`)))
  const idsAt = (index: number) => new Set(receivers[index]?.received.map(({ id }) => id))

  const workerVariables = { ...variables, DATABASE_URL: server.databaseUrl }
  for (const receiver of receivers)
    receiver.answer = (_message, response) => {
      setTimeout(() => response.end(), 5)
    }
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const end = await startWorkerProcess(t, workerVariables)
    const wanted = (EVENTS * kill) / (KILLS + 1)
    await until(() => idsAt(0).size >= wanted, `${wanted} arrivals`)
    await end('SIGKILL')
  }
  const end = await startWorkerProcess(t, workerVariables)
  await until(() => idsAt(0).size === EVENTS && idsAt(1).size === EVENTS, 'all of them')
  const listed = new Set<string>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `limit=100&type=campaign.created${cursor ? `&cursor=${cursor}` : ''}`
    const { body } = await server.call('GET', `/api/events?${query}`, { headers: auth })
    for (const { id } of body.events) listed.add(id)
    cursor = body.nextCursor
  }
  for (const index of [0, 1]) t.same(idsAt(index), listed)
  await until(async () => {
    const rows = await server.app.database`select from deliveries where state <> 'delivered'`
    return rows.length === 0
  }, 'all outcomes')
  t.equal(await end('SIGTERM'), 0, 'a worker that is told to end does so')
})
