import { createHash } from 'node:crypto'
import { newId } from '../../schemas/ids.ts'
import type { Answer, Body, Tenant, TestApp } from './app.ts'

/** One question of each kind that is answered with JSON. */
const questions = [
  { id: 'why', prompt: 'Why?', kind: 'text' },
  { id: 'which', prompt: 'Which?', kind: 'choice', options: ['one', 'other'] },
  { id: 'how', prompt: 'How?', kind: 'text', timeLimitSeconds: 60 },
]

/** What tests do to interviews, as an integrator and as a candidate's browser. */
export interface Desk {
  tenant: Tenant
  /** With the tenant's key. */
  ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown): Promise<Answer>
  /** Makes a campaign and gives its object. */
  campaign(fields?: Record<string, unknown>): Promise<Body>
  /** Makes an invite of a new candidate and gives its object, with the token. */
  invite(campaignId: string, fields?: Record<string, unknown>): Promise<Body>
  /** Tries to exchange an invite's token. */
  exchange(token: string, headers?: Record<string, string>, browserToken?: string): Promise<Answer>
  /** Opens an invite's link. */
  preview(token: string, headers?: Record<string, string>, browserToken?: string): Promise<Answer>
  /** Makes a campaign, an invite and a session of it. */
  begin(): Promise<{ campaign: Body; invite: Body; interviewId: string; browser: Browser }>
  counts(campaignId: string): Promise<Body>
  /** Moves the organization's time. */
  wait(seconds: number): Promise<void>
}

/** With an interview session's token. */
export type Browser = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<Answer>

/** A tenant of its own with a desk to invite from. */
export async function openDesk(server: TestApp): Promise<Desk> {
  const tenant = await server.tenant()
  const ask: Desk['ask'] = (method, url, body) =>
    server.call(method, url, { headers: tenant.auth, ...(body === undefined ? {} : { body }) })
  const made = async (answer: Promise<Answer>, status: number) => {
    const { status: got, body } = await answer
    if (got !== status) throw new Error(`${got} instead of ${status}: ${JSON.stringify(body)}`)
    return body
  }
  const enter = (url: string, invite: string, headers: Record<string, string> = {}, browserToken?: string) =>
    server.call('POST', url, { headers, body: { invite, browserToken }, address: addressOf(invite) })
  const desk: Desk = {
    tenant,
    ask,
    campaign: (fields) =>
      made(ask('POST', '/api/campaigns', { name: 'Campaign', questions, ...fields }), 201),
    invite: (campaignId, fields = {}) => {
      const candidate = { email: `${newId('cnd')}@candidate.example`, name: 'Candi Date' }
      const who = 'candidateId' in fields ? {} : { candidate }
      return made(ask('POST', `/api/campaigns/${campaignId}/invites`, { ...who, ...fields }), 201)
    },
    exchange: (token, headers, browserToken) => enter('/api/embed/sessions', token, headers, browserToken),
    preview: (token, headers, browserToken) => enter('/api/embed/preview', token, headers, browserToken),
    begin: async () => {
      const campaign = await desk.campaign()
      const invite = await desk.invite(campaign.id)
      const session = await made(desk.exchange(invite.token), 200)
      return {
        campaign,
        invite,
        interviewId: session.interview.id,
        browser: browserOf(server, session.sessionToken),
      }
    },
    counts: async (campaignId) => (await made(ask('GET', `/api/campaigns/${campaignId}`), 200)).counts,
    wait: async (seconds) => {
      await made(ask('POST', '/api/sandbox/clock', { advanceSeconds: seconds }), 200)
    },
  }
  return desk
}

/** A candidate's browser with a session's token. */
export function browserOf(server: TestApp, sessionToken: string): Browser {
  const options = { headers: { authorization: `Bearer ${sessionToken}` }, address: addressOf(sessionToken) }
  return (method, path, body) =>
    server.call(method, `/api/embed${path}`, body === undefined ? options : { ...options, body })
}

// Candidates sit at home: of one address for all of them, a quick machine would ask more than an address may.
function addressOf(token: string): string {
  return `10.${[...createHash('sha256').update(token).digest().subarray(0, 3)].join('.')}`
}
