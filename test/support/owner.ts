import type { Tenant, TestApp } from './app.ts'
import type { Operation } from './operations.ts'
import { beginInterview } from './recordings.ts'
import { makeWebhook } from './webhooks.ts'

/** A tenant that has one of most things, so that any operation finds what it is asked about. */
export interface Owner {
  readonly tenant: Tenant
  /** By the prefix of each. The key is a spare one: whoever takes it away goes on with the tenant's own. */
  readonly ids: Readonly<Record<string, string>>
  /** The headers that an operation is let in with. */
  credentialFor(operation: Operation): Record<string, string>
}

/** Makes a tenant with a spare key, an interview that a candidate has begun, and a webhook with a delivery. */
export async function makeOwner(server: TestApp): Promise<Owner> {
  const tenant = await server.tenant()
  const { body: spare } = await server.call('POST', '/api/keys', {
    headers: tenant.auth,
    body: { name: 'Spare' },
  })
  const { session, campaignId, candidateId, interviewId } = await beginInterview(server, tenant.auth)
  return {
    tenant,
    ids: {
      ...(await makeWebhook(server, tenant)),
      cmp: campaignId,
      cnd: candidateId,
      int: interviewId,
      key: spare.id,
      usr: tenant.userId,
      org: tenant.organizationId,
    },
    credentialFor: ({ access }) => {
      if (access === 'public') return {}
      return access === 'interview' ? session : tenant.both
    },
  }
}
