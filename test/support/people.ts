import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Answer, type Tenant, type TestApp, testApp } from './app.ts'
import { type MailServer, mailServer, testWorker, tokenOf } from './mail.ts'

/** Someone who has accepted an invitation. */
export interface InvitedMember {
  userId: string
  email: string
  password: string
  accessToken: string
  refreshToken: string
  /** `Authorization: Bearer <access token>`. */
  auth: Record<string, string>
}

/** A server with a worker and a mail server of its own. */
export interface MailingApp extends TestApp {
  smtp: MailServer
  /** Invites by the tenant's owner and accepts as a new user. */
  join(tenant: Pick<Tenant, 'accessToken'>, role: string): Promise<InvitedMember>
  /** Invites, and gives the token that was mailed. */
  invited(
    tenant: Pick<Tenant, 'accessToken'>,
    role: string,
    email?: string,
  ): Promise<{ email: string; token: string; id: string }>
}

/** Builds a server that sends its e-mail to a mail server of the test's own. */
export async function mailingApp(t: Test, variables: Record<string, string> = {}): Promise<MailingApp> {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url, ...variables })
  await testWorker(t, server)
  const invited: MailingApp['invited'] = async ({ accessToken }, role, email = someEmail()) => {
    const answer = await server.call('POST', '/api/members/invitations', {
      headers: bearer(accessToken),
      body: { email, role },
    })
    expectStatus(answer, 201)
    return { email, id: answer.body.id, token: tokenOf(await smtp.take(email, 'accept#token=')) }
  }
  return {
    ...server,
    smtp,
    invited,
    async join(tenant, role) {
      const { email, token } = await invited(tenant, role)
      const password = `a long password ${randomBytes(4).toString('hex')}`
      const answer = await server.call('POST', '/api/members/invitations/accept', {
        body: { token, name: 'Member', password },
      })
      expectStatus(answer, 200)
      const { accessToken, refreshToken, user } = answer.body
      return { userId: user.id, email, password, accessToken, refreshToken, auth: bearer(accessToken) }
    },
  }
}

/** An address that nobody had before. */
export function someEmail(): string {
  return `person-${randomBytes(6).toString('hex')}@people.example`
}

/** `Authorization: Bearer …`. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

// Fails with the whole answer where its status is another one.
function expectStatus(answer: Answer, status: number): void {
  if (answer.status === status) return
  throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`)
}
