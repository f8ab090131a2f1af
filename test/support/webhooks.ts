import type { Tenant, TestApp } from './app.ts'

/**
 * Makes a webhook that leads nowhere, with an event and a delivery in its queue.
 * @returns their ids by the prefix of each
 */
export async function makeWebhook(
  { call }: Pick<TestApp, 'call'>,
  { auth }: Pick<Tenant, 'auth'>,
): Promise<{ whk: string; dlv: string; evt: string }> {
  const { body: webhook } = await call('POST', '/api/webhooks', {
    headers: auth,
    body: { url: 'https://hooks.example.com/theirs', events: ['webhook.test'], description: 'Theirs' },
  })
  const { body: delivery } = await call('POST', `/api/webhooks/${webhook.id}/test`, { headers: auth })
  return { whk: webhook.id, dlv: delivery.id, evt: delivery.eventId }
}
