import type { TSchema } from 'typebox'
import { SignupBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { anonymousContext } from '../audit/audit.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { type PublicOperation, publicOperation } from '../core/operation.ts'
import { type Entrance, withCookie, withTokens } from '../sessions/open.ts'
import { createOrganization } from './create-organization.ts'

const description =
  'Creates a user, and an organization that they own. The password has at least 8 characters, is not a common one, and ' +
  'is not made of the name, the e-mail address or the name of the organization. Where the operator has closed sign-up, ' +
  'the answer is 403.'

/** Signs up, for bearer tokens. */
export const signUp = signUpOperation(
  'signUp.create',
  'Sign up',
  `${description} The answer has the tokens of a first session.`,
  withTokens,
)

/** Signs up and opens the dashboard. */
export const signUpToDashboard = signUpOperation(
  'dashboard.signUp',
  'Sign up and open the dashboard',
  `${description} The session is in a cookie, which no script can read.`,
  withCookie,
)

// Organization, owner and first session are created in one transaction: no second step can fail or be throttled.
function signUpOperation<O extends TSchema>(
  name: `${string}.${string}`,
  summary: string,
  description: string,
  { output, open }: Entrance<O>,
): PublicOperation<typeof SignupBody, O, string> {
  return publicOperation({
    name,
    summary,
    description,
    errors: [403, 409],
    input: SignupBody,
    output,
    example: {
      email: 'ada@example.com',
      password: 'nine purple lamps hum softly',
      name: 'Ada Lovelace',
      organizationName: 'Example Engines',
    },
    async prepare({ services: { config } }, body) {
      if (config.signup === 'closed') {
        throw new ApiError('FORBIDDEN', 'Sign-up is closed here: ask the operator for an organization', {
          reason: 'signup_closed',
        })
      }
      return hashNewPassword(config, 'body.password', body.password, [
        body.email,
        body.name,
        body.organizationName,
      ])
    },
    async run(context, body, passwordHash) {
      const { tx, services, origin } = context
      const member = await createOrganization(
        context,
        { ...body, passwordHash },
        (organizationId, userId) => ({
          ...anonymousContext(origin, services.auditKey, userId),
          organizationId,
        }),
      )
      return open(tx, services.config, member, origin)
    },
  })
}
