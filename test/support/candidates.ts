import { newId } from '../../schemas/ids.ts'
import type { Tenant, TestApp } from './app.ts'

/** A new candidate of the tenant's. @returns its id */
export async function makeCandidate(server: TestApp, tenant: Tenant): Promise<string> {
  const answer = await server.call('POST', '/api/candidates', {
    headers: tenant.auth,
    body: { email: `${newId('cnd')}@candidate.example`, name: 'Ada' },
  })
  if (answer.status !== 201) throw new Error(`no candidate: ${answer.status} ${JSON.stringify(answer.body)}`)
  return String(answer.body.id)
}
