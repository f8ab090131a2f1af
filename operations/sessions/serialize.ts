import type { MembershipRow } from '../../db/queries/accounts.ts'
import type { Login, Membership } from '../../schemas/accounts.ts'

/** Two new tokens, and how long the first of them lasts, in seconds. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
}

/** The answer to a log-in: tokens, and whose they are. */
export function serializeLogin(tokens: TokenPair, member: MembershipRow): Login {
  return { ...tokens, tokenType: 'Bearer', ...serializeUser(member) }
}

/** A user and the organization that they log in to. */
export function serializeUser(member: MembershipRow): Pick<Login, 'user' | 'organization'> {
  const { role, ...organization } = serializeMembership(member)
  return { user: { id: member.userId, email: member.email, name: member.userName, role }, organization }
}

/** An organization that a user may log in to, and their role there. */
export function serializeMembership(member: MembershipRow): Membership {
  return {
    id: member.organizationId,
    name: member.organizationName,
    plan: member.organizationPlan,
    role: member.role,
  }
}
