import { once } from 'node:events'
import { createServer } from 'node:http'
import { registerHooks } from 'node:module'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'

const loaded: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier)
    return next(specifier, context)
  },
})
// Only now: the hook has to see what they load.
const { testApp } = await import('../support/app.ts')
const { startScene } = await import('../webhooks/scene.ts')
const { testWorker } = await import('../support/mail.ts')

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  readonly status: { code?: number }
}

t.test('without an endpoint nothing of OpenTelemetry is loaded', async (t) => {
  const { call } = await testApp(t)
  t.equal((await call('GET', '/healthz')).status, 200)
  t.same(loaded, [])
})

t.test('a request, its operation and its webhook are traced', async (t) => {
  const collector = await startCollector(t)
  const server = await testApp(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8',
  })
  const base = await server.listen()
  await testWorker(t, server)
  const { tenant, receiver } = await startScene(t, server)
  const created = await fetch(`${base}/api/campaigns?name=in-the-url`, {
    method: 'POST',
    headers: {
      ...tenant.auth,
      'content-type': 'application/json',
      traceparent: `00-${TRACE}-${PARENT}-01`,
    },
    body: JSON.stringify({ name: 'Traced' }),
  })
  t.equal(created.status, 201)
  await created.text()
  const refused = await fetch(`${base}/api/campaigns/cmp_00000000000000000000000000`, {
    headers: tenant.auth,
  })
  t.equal(refused.status, 404)
  const [message] = await receiver.take(1)
  await server.app.close()

  const spans = collector.spans()
  const request = spans.find(({ parentSpanId }) => parentSpanId === PARENT)
  t.match(request, { traceId: TRACE, parentSpanId: PARENT })
  t.equal(attribute(request, 'http.response.status_code'), 201)
  t.equal(attribute(request, 'anteroom.request.id'), created.headers.get('x-request-id'))
  const operation = spans.find(({ name, traceId }) => name === 'campaigns.create' && traceId === TRACE)
  t.equal(operation?.parentSpanId, request?.spanId)
  const missing = spans.find(({ name }) => name === 'campaigns.get')
  t.equal(attribute(missing, 'error.type'), 'NOT_FOUND')
  t.notOk(missing?.status.code, 'a refusal is no error')

  const [, traceId, spanId] = String(message?.headers.traceparent).split('-')
  const attempt = spans.find(({ name }) => name === 'webhook attempt')
  t.match(attempt, { traceId, spanId })
  t.equal(attribute(attempt, 'anteroom.event.id'), message?.id)
  t.equal(attribute(attempt, 'http.response.status_code'), 200)
  const text = collector.text()
  t.match(text, /"service\.name".{0,40}anteroom-api/)
  for (const hidden of [tenant.key, tenant.accessToken, 'in-the-url', 'Traced'])
    t.notOk(text.includes(hidden), 'spans hold nothing of what was sent')
})

t.test('a collector that is away is no matter for requests', async (t) => {
  const { call, app } = await testApp(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
  t.equal((await call('GET', '/healthz')).status, 200)
  await app.close()
})

function attribute(span: SentSpan | undefined, key: string): string | number | undefined {
  const found = span?.attributes.find((entry) => entry.key === key)?.value
  return found?.stringValue ?? found?.intValue
}

/** A receiver of OTLP over HTTP on a free port of loopback; it ends with the test. */
async function startCollector(t: Test) {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.url === '/v1/traces') bodies.push(Buffer.concat(chunks).toString())
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => bodies.join('\n'),
    spans: (): SentSpan[] =>
      bodies.flatMap((body) =>
        JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: SentSpan[] }[] }) =>
          scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
  }
}
