import Type, { type Static } from 'typebox'
import { RoleSchema } from './access.ts'
import { Id } from './ids.ts'
import { Email, Name, Strict } from './primitives.ts'

// NIST SP 800-63B 3.1.1.2: at least 8 characters, room for at least 64, no rules of composition.
const NewPassword = Type.String({ minLength: 8, maxLength: 256 })
export const PresentedPassword = Type.String({ minLength: 1, maxLength: 256 })

export const Organization = Type.Object(
  { id: Id('org'), name: Type.String(), plan: Type.String() },
  { title: 'Organization' },
)

export const User = Type.Object(
  { id: Id('usr'), email: Type.String(), name: Type.String(), role: RoleSchema },
  { title: 'User' },
)

export const Login = Type.Object(
  {
    accessToken: Type.String(),
    refreshToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds that the access token lasts' }),
    user: User,
    organization: Organization,
  },
  { title: 'Login' },
)
export type Login = Static<typeof Login>

const Membership = Type.Object({ ...Organization.properties, role: RoleSchema }, { title: 'Membership' })
export type Membership = Static<typeof Membership>

/** The organizations that a person may switch to. */
export const Memberships = Type.Object({ organizations: Type.Array(Membership) }, { title: 'Memberships' })

/** The answer to a log-in without organizationId, of who belongs to several organizations. */
export const OrganizationChoice = Type.Object(
  {
    error: Type.Object({
      code: Type.Literal('CONFLICT'),
      message: Type.String(),
      requestId: Type.String(),
      details: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
    }),
    organizations: Type.Array(Membership),
  },
  {
    title: 'OrganizationChoice',
    description: 'You belong to several organizations: name one as organizationId',
  },
)

export const SwitchBody = Strict({ organizationId: Id('org') })

export const ForgotBody = Strict({ email: Email() })

export const ResetBody = Strict({
  token: Type.String({ minLength: 1, maxLength: 200 }),
  password: NewPassword,
})

export const SignupBody = Strict({
  email: Email(),
  password: NewPassword,
  name: Name(),
  organizationName: Name(),
})
export type SignupBody = Static<typeof SignupBody>

export const LoginBody = Strict({
  email: Email(),
  password: PresentedPassword,
  organizationId: Type.Optional(Id('org')),
  totp: Type.Optional(
    Type.String({
      minLength: 6,
      maxLength: 64,
      description: 'The code that the authenticator app shows, or a recovery code',
    }),
  ),
})
export type LoginBody = Static<typeof LoginBody>

export const RefreshBody = Strict({ refreshToken: Type.String({ minLength: 1, maxLength: 200 }) })

export const PasswordChangeBody = Strict({ currentPassword: PresentedPassword, newPassword: NewPassword })
