import Type, { type Static } from 'typebox'
import { Organization, PresentedPassword, User } from './accounts.ts'
import { Id } from './ids.ts'
import { Instant, Nullable, Strict } from './primitives.ts'

/** A log-in as its owner sees it. */
export const Session = Type.Object(
  {
    id: Id('ses'),
    kind: Type.Enum(['token', 'dashboard'], { description: 'Bearer tokens, or the dashboard’s cookie' }),
    device: Type.String({ examples: ['Firefox on Linux'] }),
    userAgent: Nullable(Type.String()),
    ip: Nullable(Type.String({ description: 'The address that it was opened from' })),
    organization: Type.Object({ id: Id('org'), name: Type.String() }),
    createdAt: Instant(),
    lastUsedAt: Instant({ description: 'To the minute' }),
    expiresAt: Instant({ description: 'The end that no use puts off' }),
    current: Type.Boolean({ description: 'Whether this request is made in it' }),
  },
  { title: 'Session' },
)
export type Session = Static<typeof Session>

const Code = Type.String({
  minLength: 6,
  maxLength: 64,
  description: 'The code that the authenticator app shows, or a recovery code',
})

/** What confirms who someone is, where the log-in is older than 15 minutes. */
export const Confirmation = Strict({
  password: Type.Optional(PresentedPassword),
  code: Type.Optional(Code),
})

export const TotpSetup = Type.Object(
  {
    secret: Type.String({
      description: 'Base32, for typing into an app: shown in this answer and never again',
    }),
    otpauthUrl: Type.String({ description: 'The same as a URL, for a QR code' }),
  },
  { title: 'TotpSetup' },
)

export const TotpConfirmBody = Strict({ code: Type.String({ minLength: 6, maxLength: 10 }) })

export const RecoveryCodes = Type.Object(
  { recoveryCodes: Type.Array(Type.String(), { description: 'Each opens one log-in: shown once' }) },
  { title: 'RecoveryCodes' },
)

/** Whose dashboard session was opened. What opens the API is only in the cookie. */
export const DashboardSession = Type.Object(
  { user: User, organization: Organization },
  { title: 'DashboardSession' },
)

/** The same with the cookie's value, for the door that sets it. */
export const DashboardEntrance = Type.Object(
  { ...DashboardSession.properties, cookie: Type.String() },
  { title: 'DashboardEntrance' },
)
export type DashboardEntrance = Static<typeof DashboardEntrance>
