import type { TSchema } from 'typebox'
import { listMemberships, type MembershipRow } from '../../db/queries/accounts.ts'
import { LoginBody, OrganizationChoice } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import {
  confirmStill,
  provePassword,
  proveSecondFactor,
  requireSecondFactor,
} from '../authentication/authenticate.ts'
import { placeOf } from '../authentication/place.ts'
import { type PublicOperation, publicOperation } from '../core/operation.ts'
import { type Entrance, noMember, withCookie, withTokens } from './open.ts'
import { serializeMembership } from './serialize.ts'

const description =
  'Send `totp` where you have set up a second factor: the answer is 401 with the reason `second_factor_required` ' +
  'otherwise. If you belong to several organizations, name one as `organizationId`. Without it the answer is 409, with ' +
  'the organizations to choose from.\n\n' +
  'After ten wrong passwords for an account from one place, the next ones from there have to wait.'

/** Logs in, for bearer tokens. */
export const logIn = logInOperation(
  'sessions.logIn',
  'Log in',
  `Opens a session and answers with an access token and a refresh token. ${description}`,
  withTokens,
)

/** Logs in to the dashboard. */
export const logInToDashboard = logInOperation(
  'dashboard.logIn',
  'Log in to the dashboard',
  `Opens a session that is in a cookie, which no script can read. ${description}`,
  withCookie,
)

function logInOperation<O extends TSchema>(
  name: `${string}.${string}`,
  summary: string,
  description: string,
  { output, open }: Entrance<O>,
): PublicOperation<typeof LoginBody, O, Awaited<ReturnType<typeof prove>>> {
  return publicOperation({
    name,
    summary,
    description,
    errors: [401, 403],
    errorBodies: { 409: OrganizationChoice },
    input: LoginBody,
    output,
    example: { email: 'ada@example.com', password: 'correct horse battery staple' },
    prepare: prove,
    async run({ tx, services, origin }, _input, { user, member }) {
      await confirmStill(tx, user)
      return open(tx, services.config, member, origin)
    },
  })
}

type Context = Parameters<NonNullable<PublicOperation['prepare']>>[0]

/**
 * Proves who somebody is, and finds the membership that they log in to.
 * @throws ApiError 401; 403 where the user is no member of the organization that was named; 409 with the choice where
 *   none was named and there are several, once both factors are proved; 429
 */
async function prove({ services, origin }: Context, body: LoginBody) {
  const proved = await provePassword(services, body, placeOf(services.encryptionKey, origin, body.email))
  // The password alone must not tell which organizations there are. The code is checked first and used up only once the
  // organization is chosen: it can be used once, and whoever has to choose needs it for the next try.
  await requireSecondFactor(services, proved.id, body.totp)
  const member = chooseMembership(await listMemberships(services.database, proved.id), body.organizationId)
  return { user: await proveSecondFactor(services, proved, body), member }
}

function chooseMembership(memberships: readonly MembershipRow[], organizationId?: string): MembershipRow {
  if (organizationId === undefined && memberships.length > 1) throw choice(memberships)
  const member = organizationId
    ? memberships.find((membership) => membership.organizationId === organizationId)
    : memberships[0]
  if (member) return member
  throw noMember()
}

// An error and no other kind of success: a program that knows one organization must not go on without a token.
function choice(memberships: readonly MembershipRow[]): ApiError {
  return new ApiError('CONFLICT', 'You belong to several organizations: name one as organizationId', {
    reason: 'organization_not_named',
    details: memberships.map(({ organizationId, organizationName }) => ({
      path: 'body.organizationId',
      message: `may be ${organizationId} (${organizationName})`,
    })),
    beside: { organizations: memberships.map(serializeMembership) },
  })
}
