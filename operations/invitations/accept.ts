import type { TSchema } from 'typebox'
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
import { lockKeysOf } from '../../db/queries/standing.ts'
import { ApiError, badRequest } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { InvitationAccept } from '../../schemas/members.ts'
import { anonymousContext } from '../audit/audit.ts'
import { authenticate, confirmStill } from '../authentication/authenticate.ts'
import { KeyedGate } from '../authentication/gate.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { placeOf } from '../authentication/place.ts'
import { type PublicContext, type PublicOperation, publicOperation } from '../core/operation.ts'
import { takeRoom } from '../plans/room.ts'
import { type Entrance, withCookie, withTokens } from '../sessions/open.ts'

type OpenInvitation = Awaited<ReturnType<typeof findOpenInvitation>>[number]
type Joining = Pick<UserRow, 'id' | 'email' | 'name'>
type NewUser = Parameters<typeof insertUser>[1]
type PrepareContext = Pick<PublicContext, 'services' | 'origin'>

// Of many requests with one token, one hashes at a time: a hash takes a quarter of a second.
const gate = new KeyedGate(1, 500)

const description =
  'A new user gives `name` and a password of their choice. Whoever has an account with the invited address gives its ' +
  'password, and `totp` where a second factor is set up; `name` is not used then.'

/** Accepts an invitation and logs in, for bearer tokens. */
export const acceptInvitation = acceptOperation(
  'invitations.accept',
  'Accept an invitation and log in',
  `${description} The answer has the tokens of a session.`,
  withTokens,
)

/** Accepts an invitation and opens the dashboard. */
export const acceptInvitationInDashboard = acceptOperation(
  'dashboard.acceptInvitation',
  'Accept an invitation and open the dashboard',
  `${description} The session is in a cookie, which no script can read.`,
  withCookie,
)

// Membership and session are created in one transaction: no second step can fail or be throttled.
function acceptOperation<O extends TSchema>(
  name: `${string}.${string}`,
  summary: string,
  description: string,
  { output, open }: Entrance<O>,
): PublicOperation<typeof InvitationAccept, O, Prepared> {
  return publicOperation({
    name,
    summary,
    description,
    errors: [401, 403, 409],
    input: InvitationAccept,
    output,
    example: { token: 'mt_…', name: 'Grace Hopper', password: 'nine purple lamps hum softly' },
    prepare,
    async run(context, { token }, { invitation, joining }) {
      const { tx, services, origin, audit } = context
      const { organizationId } = invitation
      const hash = sha256(token)
      const known = joining.user
      // A user and keys are locked before an organization (db/locks.ts).
      if (known) {
        await confirmStill(tx, known)
        await lockKeysOf(tx, organizationId, known.id)
      }
      await takeRoom(tx, services.config.environment.name, organizationId, 'members')
      if ((await findOpenInvitation(tx, hash)).length === 0) throw invalidInvitation()
      const user = known ?? (await create(tx, joining.newUser))
      if ((await findMember(tx, organizationId, user.id)).length > 0) {
        throw new ApiError('CONFLICT', 'You are a member of this organization already', {
          reason: 'member_exists',
        })
      }
      await insertMembership(tx, organizationId, user.id, invitation.role)
      const entered = await open(tx, services.config, membershipOf(invitation, user), origin)
      await unmarkKeysOf(tx, organizationId, user.id)
      // It may have been withdrawn since it was read: invitations are locked after everything else (db/locks.ts).
      const [taken] = await takeInvitation(tx, organizationId, hash)
      if (!taken) throw invalidInvitation()
      audit(
        {
          action: 'member.joined',
          targetType: 'member',
          targetId: user.id,
          changes: { role: { from: null, to: taken.role }, invitation: taken.id },
        },
        { ...anonymousContext(origin, services.auditKey, user.id), organizationId },
      )
      return entered
    },
  })
}

interface Prepared {
  readonly invitation: OpenInvitation
  readonly joining: Joiner
}

/** Who joins: a user whose password was just proved, or a new one. */
type Joiner = { readonly user: UserRow } | { readonly user: null; readonly newUser: NewUser }

/**
 * Proves who accepts, or hashes the password of a new user.
 * @throws ApiError 401 for a token that is unknown, used, withdrawn or expired, and for a wrong password; 400 without a
 *   name for a new user, and for a password that breaks the rules
 */
async function prepare(context: PrepareContext, body: InvitationAccept): Promise<Prepared> {
  if (parseCredential(body.token)?.kind !== 'mailedToken') throw invalidInvitation()
  const hash = sha256(body.token)
  return gate.through(hash.toString('hex'), async () => {
    const { database } = context.services
    const [invitation] = await findOpenInvitation(database, hash)
    if (!invitation) throw invalidInvitation()
    const [known] = await findUserByEmail(database, invitation.email)
    const joining = await (known ? joinAsUser : joinAsNewUser)(context, invitation, body)
    return { invitation, joining }
  })
}

async function joinAsUser(
  { services, origin }: PrepareContext,
  { email }: OpenInvitation,
  { password, totp }: InvitationAccept,
): Promise<Joiner> {
  const place = placeOf(services.encryptionKey, origin, email)
  const user = await authenticate(
    services,
    { email, password, ...(totp === undefined ? {} : { totp }) },
    place,
  )
  return { user }
}

async function joinAsNewUser(
  { services }: PrepareContext,
  { email, organizationName }: OpenInvitation,
  { name, password }: InvitationAccept,
): Promise<Joiner> {
  if (name === undefined) throw badRequest('body.name', 'is required of a new user')
  const words = [email, name, organizationName]
  const passwordHash = await hashNewPassword(services.config, 'body.password', password, words)
  return { user: null, newUser: { id: newId('usr'), email, name, passwordHash } }
}

async function create(tx: Queryable, user: NewUser): Promise<Joining> {
  const [created] = await insertUser(tx, user)
  if (created) return created
  throw new ApiError('CONFLICT', 'This address has just got an account: try again with its password')
}

function membershipOf(invitation: OpenInvitation, user: Joining): MembershipRow {
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
