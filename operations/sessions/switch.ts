import { listMemberships, type MembershipRow } from '../../db/queries/accounts.ts'
import { inheritSession } from '../../db/queries/sessions.ts'
import { Login, SwitchBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { DashboardEntrance } from '../../schemas/sessions.ts'
import { personOf } from '../authentication/person.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { closeSessions } from './close.ts'
import { noMember, openDashboardSession, openSession } from './open.ts'

/** Opens a session in another of the caller's organizations. */
export const switchOrganization = writeOperation({
  name: 'sessions.switch',
  summary: 'Switch to another of your organizations',
  description:
    'Opens a session in another organization of yours, without a new log-in. The session that you come from stays. The ' +
    'new one ends no later than that one.',
  access: 'user',
  // Also for who has yet to set up a second factor: the other organization may not require one.
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: SwitchBody,
  output: Login,
  async run(context, { organizationId }) {
    const { tx, actor, services, origin } = context
    if (actor.type === 'session') {
      throw new ApiError('FORBIDDEN', 'The dashboard’s cookie cannot be exchanged for tokens', {
        reason: 'cookie_for_tokens',
        hint: 'The dashboard switches with POST /dashboard/session/switch',
      })
    }
    const member = await membershipIn(context, organizationId)
    const { login, sessionId } = await openSession(tx, services.config, member, origin)
    await inherit(context, sessionId)
    return login
  },
})

/** Takes the dashboard to another of the caller's organizations. The session that it comes from ends. */
export const switchDashboard = writeOperation({
  name: 'dashboard.switch',
  summary: 'Switch the dashboard to another of your organizations',
  description:
    'Opens a session in another organization of yours, without a new log-in. The browser gets a new cookie, and the ' +
    'session that it comes from ends.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: SwitchBody,
  output: DashboardEntrance,
  async run(context, { organizationId }) {
    const { tx, actor, services, origin } = context
    if (actor.type !== 'session') throw new ApiError('FORBIDDEN', 'This is for the dashboard’s cookie')
    const member = await membershipIn(context, organizationId)
    const { entrance, sessionId } = await openDashboardSession(tx, services.config, member, origin)
    await inherit(context, sessionId)
    const from = personOf(actor)
    await closeSessions(context, from.userId, { only: from.sessionId })
    return entrance
  },
})

/** @throws ApiError 403 where the caller is no member of the organization */
async function membershipIn({ tx, actor }: WriteContext, organizationId: string): Promise<MembershipRow> {
  const memberships = await listMemberships(tx, personOf(actor).userId)
  const member = memberships.find((membership) => membership.organizationId === organizationId)
  if (!member) throw noMember()
  return member
}

/** The new session ends no later than the one that the caller comes from, and counts as no new proof of who they are. */
async function inherit({ tx, actor }: WriteContext, sessionId: string): Promise<void> {
  const from = personOf(actor)
  await inheritSession(tx, from.userId, from.sessionId, sessionId)
}
