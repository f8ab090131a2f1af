import type { Test } from 'tap'
import type { Tenant, TestApp } from '../support/app.ts'
import { client } from './embedded-harness.ts'

/** Two tenants with a campaign each, and the superuser's own connection. */
export async function twoTenants(test: Test, server: TestApp) {
  const admin = client(test, server.databaseUrl)
  await admin`set search_path to sandbox`
  const tenants: (Tenant & { campaignId: string })[] = []
  for (const name of ['one', 'two']) {
    const tenant = await server.tenant()
    const options = { headers: { ...tenant.auth, 'idempotency-key': name }, body: { name } }
    const made = await server.call('POST', '/api/campaigns', options)
    tenants.push({ ...tenant, campaignId: String(made.body.id) })
  }
  const [one, two] = tenants
  if (!one || !two) throw new Error('two tenants were made')
  return { admin, one, two }
}
