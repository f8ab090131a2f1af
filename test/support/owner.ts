import type { Tenant, TestApp } from './app.ts'
import { csvOfPeople, sendCsv, sendForm } from './bulk.ts'
import { pdf } from './files.ts'
import type { Operation } from './operations.ts'
import { beginInterview } from './recordings.ts'
import { makeWebhook } from './webhooks.ts'

/** A tenant that has one of most things, so that any operation finds what it is asked about. */
export interface Owner {
  readonly tenant: Tenant
  /** Of an invite that nobody has opened. */
  readonly inviteToken: string
  /** By the prefix of each; `q1` is a question. The key is a spare one: whoever takes it away goes on with the tenant's own. */
  readonly ids: Readonly<Record<string, string>>
  /** The headers that an operation is let in with. */
  credentialFor(operation: Operation): Record<string, string>
}

/**
 * Makes a tenant with a spare key, an interview that a candidate has begun, a document of the candidate, an invite, an
 * invitation and a file of candidates that wait, and a webhook with a delivery.
 */
export async function makeOwner(server: TestApp): Promise<Owner> {
  const tenant = await server.tenant()
  const { body: spare } = await server.call('POST', '/api/keys', {
    headers: tenant.auth,
    body: { name: 'Spare' },
  })
  const user = { authorization: `Bearer ${tenant.accessToken}` }
  const { body: sessions, headers } = await server.call('GET', '/api/auth/sessions', { headers: user })
  const { body: invitation } = await server.call('POST', '/api/members/invitations', {
    headers: user,
    body: { email: `invited-${tenant.email}`, role: 'viewer' },
  })
  const { session, campaignId, candidateId, interviewId } = await beginInterview(server, tenant.auth)
  const { body: invite } = await server.call('POST', `/api/campaigns/${campaignId}/invites`, {
    headers: tenant.auth,
    body: { candidate: { email: `waits-${tenant.email}`, name: 'Waits' }, sendEmail: false },
  })
  // More than the server does at once.
  const { body: bulk } = await sendCsv(server, tenant.auth, campaignId, csvOfPeople(101))
  const documents = `/api/candidates/${candidateId}/files`
  const { body: file } = await sendForm(server, documents, tenant.auth, pdf().toString())
  return {
    tenant,
    inviteToken: invite.token,
    ids: {
      ...(await makeWebhook(server, tenant)),
      cmp: campaignId,
      cnd: candidateId,
      int: interviewId,
      inv: invite.id,
      blk: bulk.id,
      file: file.id,
      q1: 'text',
      minv: invitation.id,
      ses: sessions.sessions[0].id,
      key: spare.id,
      usr: tenant.userId,
      org: tenant.organizationId,
      req: String(headers['x-request-id']),
    },
    credentialFor: ({ access }) => {
      if (access === 'public') return {}
      return access === 'interview' ? session : tenant.both
    },
  }
}
