import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { type TestApp, testApp } from '../support/app.ts'
import { TEST_KEY } from '../support/database.ts'
import { pdf } from '../support/files.ts'
import { scrape } from '../support/metrics.ts'
import { startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

t.test('metrics are served on a port of their own and nowhere else', async (t) => {
  const { app, call, listen } = await testApp(t, { METRICS_PORT: '0' })
  await listen()
  await call('GET', '/healthz')
  t.equal((await call('GET', '/metrics')).status, 404)
  const port = app.metricsPort?.()
  const { value } = await scrape(t, port)
  t.equal(
    value('anteroom_http_request_duration_seconds_count', {
      method: 'GET',
      route: '/healthz',
      status: '200',
    }),
    1,
  )
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404)
})

t.test('metrics tell what requests did', async (t) => {
  const server = await testApp(t, { METRICS_PORT: '0', AUTH_FAILURES_PER_MINUTE: '3' })
  const base = await server.listen()
  const port = server.app.metricsPort?.()
  const tenant = await server.tenant()
  const get = (path: string, headers: Record<string, string>) => fetch(base + path, { headers })

  // Renewed every half second: a machine that is busy with something else may let it lapse.
  await until(async () => (await scrape(t, port)).value('anteroom_lease_held') === 1, 'a lease')
  await until(async () => {
    await (await get('/api/whoami', tenant.auth)).text()
    return ((await scrape(t, port)).value('anteroom_credential_lookups_total', { result: 'cached' }) ?? 0) > 0
  }, 'an answer of the cache')
  const wrong = `${tenant.key.slice(0, -7)}A${tenant.key.slice(-6)}`
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await (await get('/api/whoami', { authorization: `Bearer ${wrong}` })).text()
  }
  await (await get('/api/campaigns', tenant.auth)).text()
  await fetch(`${base}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: tenant.email, password: 'a wrong password' }),
  }).then((answer) => answer.text())
  await server.call('DELETE', `/api/keys/${tenant.keyId}`, { headers: tenant.both })

  await until(async () => (await scrape(t, port)).value('anteroom_limited_total') === 1, 'the last response')
  const { value, text } = await scrape(t, port)
  t.equal(
    value('anteroom_operation_duration_seconds_count', { operation: 'campaigns.list', outcome: 'ok' }),
    1,
  )
  t.ok(value('anteroom_operation_duration_seconds_count', { operation: 'sessions.log-in' }) ?? text)
  const counted = (labels: Record<string, string>) => value('anteroom_authentications_total', labels) ?? 0
  t.ok(counted({ outcome: 'accepted', credential: 'api_key' }) >= 2)
  t.equal(counted({ outcome: 'refused', reason: 'malformed_credential' }), 4)
  t.equal(counted({ outcome: 'refused', reason: 'wrong_password' }), 1)
  t.equal(value('anteroom_limited_total', { reason: 'too_many_failures' }), 1)
  t.ok((value('anteroom_credential_lookups_total', { result: 'database' }) ?? 0) >= 1)
  t.ok((value('anteroom_bcrypt_duration_seconds_count', { kind: 'hash' }) ?? 0) >= 2)
  t.equal(value('anteroom_bcrypt_pending'), 0)
  t.ok((value('anteroom_revocation_settle_seconds_count') ?? 0) >= 1)
  t.equal(value('anteroom_instances'), 1)
  t.ok((value('anteroom_lease_remaining_seconds') ?? 9) <= 2)
  t.ok((value('anteroom_pool_connections', { pool: 'tenant_read' }) ?? 0) >= 1)
  t.equal(value('anteroom_pool_waiting'), 0)
  t.equal(value('anteroom_access_log_full'), 0)
  t.notOk(text.includes(tenant.organizationId), 'nothing of a tenant is a label')
  await until(
    async () => (await scrape(t, port)).value('anteroom_access_log_waiting_bytes') === 0,
    'an empty spool',
  )
  t.equal((await scrape(t, port)).value('anteroom_access_log_lag_seconds'), 0)
  checkWithPromtool(t, text)
})

t.test('metrics tell of uploads, streams and what waits', async (t) => {
  const server = await testApp(t, { METRICS_PORT: '0', WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8' })
  const base = await server.listen()
  const port = server.app.metricsPort?.()
  const tenant = await server.tenant()
  const headers = tenant.auth
  const { body: candidate } = await server.call('POST', '/api/candidates', {
    headers,
    body: { email: 'measured@candidate.example', name: 'Measured' },
  })
  const form = new FormData()
  const bytes = pdf()
  form.set('file', new Blob([new Uint8Array(bytes)], { type: 'application/pdf' }), 'cv.pdf')
  const uploaded = await fetch(`${base}/api/candidates/${candidate.id}/files`, {
    method: 'POST',
    headers,
    body: form,
  })
  t.equal(uploaded.status, 201)
  const ended = new AbortController()
  await fetch(`${base}/api/events/stream`, { headers, signal: ended.signal })
  const receiver = await startReceiver(t)
  const { body: webhook } = await server.call('POST', '/api/webhooks', {
    headers,
    body: { url: receiver.url, events: ['webhook.test'] },
  })
  await server.call('POST', `/api/webhooks/${webhook.id}/test`, { headers })

  const { value } = await scrape(t, port)
  t.equal(value('anteroom_uploads_total', { outcome: 'arrived' }), 1)
  t.equal(value('anteroom_upload_bytes_total'), bytes.length)
  t.equal(value('anteroom_uploads_in_progress'), 0)
  t.equal(value('anteroom_stored_bytes'), bytes.length)
  t.equal(value('anteroom_event_streams'), 1)
  t.equal(value('anteroom_webhook_pending'), 1)
  t.ok((value('anteroom_webhook_oldest_seconds') ?? -1) >= 0)
  t.equal(value('anteroom_jobs_failed', { queue: 'mail' }), 0)
  ended.abort()
  await until(
    async () => (await scrape(t, port)).value('anteroom_event_streams') === 0,
    'the end of the stream',
  )

  const worker = await startWorkerProcess(t, server)
  await receiver.take(1)
  const delivered = { outcome: 'delivered' }
  await until(
    async () => (await scrape(t, worker)).value('anteroom_webhook_attempt_seconds_count', delivered) === 1,
    'the attempt in the metrics of the worker',
  )
  await server.app.jobs.boss.send('retention', {})
  await until(
    async () =>
      (await scrape(t, worker)).value('anteroom_job_duration_seconds_count', {
        queue: 'retention',
        outcome: 'done',
      }) === 1,
    'the job in the metrics of the worker',
  )
  checkWithPromtool(t, (await scrape(t, worker)).text)
})

t.test('metrics answer without the database, and leave out what only that knows', async (t) => {
  const server = await testApp(t, { METRICS_PORT: '0' })
  await server.listen()
  await server.app.database.end({ timeout: 0 })
  const { value, text } = await scrape(t, server.app.metricsPort?.())
  t.notMatch(text, /^anteroom_webhook_pending /m)
  t.equal(value('anteroom_access_log_full'), 0)
})

/** Starts `anteroom worker` on the server's database. @returns the port of its metrics */
async function startWorkerProcess(t: Test, { databaseUrl, app }: TestApp): Promise<number> {
  const child = spawn(process.execPath, ['bin/anteroom.ts', 'worker', '--json'], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      DATA_DIR: app.config.dataDir,
      ENCRYPTION_KEY: TEST_KEY,
      WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8',
      METRICS_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { metricsPort } = JSON.parse(line)
    if (metricsPort) return metricsPort
  }
  throw new Error('the worker ended before it began')
}

// Debian: apt-get install prometheus.
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** The linter of Prometheus reads what we name, where it is installed. It refuses some names of prom-client itself. */
function checkWithPromtool(t: Test, text: string): void {
  if (!hasPromtool) return void t.comment('promtool is not installed: the text is not linted')
  const input = text.replace(/^.*\bnodejs_active_\w+_total.*\n/gm, '')
  t.doesNotThrow(() => execFileSync('promtool', ['check', 'metrics'], { input }), 'promtool check metrics')
}
