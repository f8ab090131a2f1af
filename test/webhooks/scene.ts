import type { Test } from 'tap'
import { signalEvents } from '../../db/event-signal.ts'
import { type Answer, type Body, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { testWorker } from '../support/mail.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

/** A tenant, and an endpoint that leads to a receiver. */
export interface Scene {
  readonly server: TestApp
  readonly tenant: Tenant
  readonly receiver: Receiver
  readonly webhook: Body
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer>
  /** Sends a test event. @returns its delivery */
  test(): Promise<Body>
  /** The delivery once it has so many attempts, and is not due at once. */
  attempted(id: string, attempts: number): Promise<Body>
  /** The endpoint as it is now. */
  webhookNow(): Promise<Body>
  /** Makes it as if a delivery's next attempt were due. */
  makeDue(id: string): Promise<void>
}

/** A server with a worker, whose receivers are on loopback; both end with the test. */
export async function startStage(t: Test, variables: Record<string, string> = {}): Promise<TestApp> {
  const server = await testApp(t, { WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8', ...variables })
  await testWorker(t, server)
  return server
}

/** A tenant of its own on a server, with an endpoint. */
export async function startScene(t: Test, server: TestApp): Promise<Scene> {
  const receiver = await startReceiver(t)
  const tenant = await server.tenant()
  const call: Scene['call'] = (method, path, body) =>
    server.call(method, path, { headers: tenant.auth, body })
  const { body: webhook } = await call('POST', '/api/webhooks', { url: receiver.url, events: ['campaign.*'] })
  return {
    server,
    tenant,
    receiver,
    webhook,
    call,
    async test() {
      return (await call('POST', `/api/webhooks/${webhook.id}/test`)).body
    },
    async attempted(id, attempts) {
      let delivery: Body
      await until(async () => {
        delivery = (await call('GET', `/api/deliveries/${id}`)).body
        return delivery.attempt >= attempts
      }, `attempt ${attempts}`)
      return delivery
    },
    webhookNow: async () => (await call('GET', `/api/webhooks/${webhook.id}`)).body,
    async makeDue(id) {
      const { database } = server.app
      await database`update deliveries set due_at = now() where id = ${id}`
      await signalEvents(database, tenant.organizationId)
    },
  }
}
