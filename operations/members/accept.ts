import { parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import {
  findUserByEmail,
  insertMembership,
  insertUser,
  type MembershipRow,
  type UserRow,
} from '../../db/queries/accounts.ts'
import { findOpenInvitation, takeInvitation } from '../../db/queries/invitations.ts'
import { findMember, unmarkKeysOf } from '../../db/queries/members.ts'
import { ApiError, badRequest } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { InvitationAccept } from '../../schemas/members.ts'
import { KeyedGate } from '../accounts/gate.ts'
import { authenticate, confirmStill, type LoginPlace } from '../accounts/log-in.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import type { Authentication } from '../authentication/context.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { takeRoom } from '../plans/room.ts'

type OpenInvitation = Awaited<ReturnType<typeof findOpenInvitation>>[number]

// Of many requests with one token, one at a time is let near the hash, which costs a quarter of a second.
const gate = new KeyedGate(1, 500)

/**
 * Accepts an invitation and logs in, in one transaction: as a new user, with name and password, or as the one who has the invited address
 * already, with their password and, where one is set up, second factor.
 * @param placeOf where the request comes from, for an account
 * @param contextOf who acts
 * @param open opens the session, of whatever kind
 * @throws ApiError 401 for a token that is unknown, used, withdrawn or expired, and for a wrong password; 400 without a
 *   name for a new user, and for a password that breaks the rules; 409 where the user is a member already
 */
export async function acceptInvitation<T>(
  accounts: Authentication,
  body: InvitationAccept,
  placeOf: (email: string) => LoginPlace,
  contextOf: (organizationId: string, userId: string) => AuditContext,
  open: (tx: Queryable, member: MembershipRow, place: LoginPlace) => Promise<T>,
): Promise<T> {
  if (parseCredential(body.token)?.kind !== 'mailedToken') throw invalidInvitation()
  const hash = sha256(body.token)
  return gate.through(hash.toString('hex'), async () => {
    const [invitation] = await findOpenInvitation(accounts.database, hash)
    if (!invitation) throw invalidInvitation()
    const place = placeOf(invitation.email)
    const join = await prepare(accounts, invitation, body, place)
    const { value } = await accounts.database.begin(async (tx) => {
      const { organizationId } = invitation
      await takeRoom(tx, accounts.config.environment.name, organizationId, 'members')
      if ((await findOpenInvitation(tx, hash)).length === 0) throw invalidInvitation()
      const user = await join(tx)
      if ((await findMember(tx, organizationId, user.id)).length > 0) {
        throw new ApiError('CONFLICT', 'You are a member of this organization already', {
          reason: 'member_exists',
        })
      }
      await insertMembership(tx, organizationId, user.id, invitation.role)
      const opened = await open(tx, membershipOf(invitation, user), place)
      await unmarkKeysOf(tx, organizationId, user.id)
      // It may have been withdrawn since it was read: invitations are locked after everything else (db/locks.ts).
      const [taken] = await takeInvitation(tx, organizationId, hash)
      if (!taken) throw invalidInvitation()
      await audit(tx, contextOf(organizationId, user.id), {
        action: 'member.joined',
        targetType: 'member',
        targetId: user.id,
        changes: { role: { from: null, to: taken.role }, invitation: taken.id },
      })
      return { value: opened }
    })
    return value
  })
}

// What costs a hash is done before the transaction: nobody waits for it with a lock held.
async function prepare(
  accounts: Authentication,
  invitation: OpenInvitation,
  body: InvitationAccept,
  place: LoginPlace,
): Promise<(tx: Queryable) => Promise<Pick<UserRow, 'id' | 'email' | 'name'>>> {
  const { email } = invitation
  const [known] = await findUserByEmail(accounts.database, email)
  if (known) {
    const { password, totp } = body
    const who = await authenticate(
      accounts,
      totp === undefined ? { email, password } : { email, password, totp },
      place,
    )
    return async (tx) => {
      await confirmStill(tx, who)
      return who.user
    }
  }
  const { name } = body
  if (name === undefined) throw badRequest('body.name', 'is required of a new user')
  const words = [email, name, invitation.organizationName]
  const passwordHash = await hashNewPassword(accounts.config, 'body.password', body.password, words)
  return async (tx) => {
    const [made] = await insertUser(tx, { id: newId('usr'), email, name, passwordHash })
    if (made) return made
    throw new ApiError(
      'CONFLICT',
      'This address has got an account in this moment: try again with its password',
    )
  }
}

function membershipOf(
  invitation: OpenInvitation,
  user: Pick<UserRow, 'id' | 'email' | 'name'>,
): MembershipRow {
  return {
    organizationId: invitation.organizationId,
    organizationName: invitation.organizationName,
    organizationPlan: invitation.organizationPlan,
    userId: user.id,
    email: user.email,
    userName: user.name,
    role: invitation.role,
  }
}

function invalidInvitation(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid invitation', {
    reason: 'invitation_refused',
    hint: 'An invitation can be accepted once, within seven days: ask for another one',
  })
}
