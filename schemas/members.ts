import Type, { type Static } from 'typebox'
import { RoleSchema } from './access.ts'
import { Id } from './ids.ts'
import { Email, Instant, Name, Nullable, Strict } from './primitives.ts'

export const Member = Type.Object(
  {
    id: Id('usr'),
    userId: Id('usr'),
    email: Type.String(),
    name: Type.String(),
    role: RoleSchema,
    joinedAt: Instant(),
  },
  { title: 'Member' },
)
export type Member = Static<typeof Member>

export const MemberPatch = Strict({ role: RoleSchema })

export const invitationStatuses = ['pending', 'accepted', 'withdrawn', 'expired'] as const

export const Invitation = Type.Object(
  {
    id: Id('minv'),
    email: Type.String(),
    role: RoleSchema,
    status: Type.Enum([...invitationStatuses]),
    invitedBy: Nullable(Type.String({ description: 'The user who invited; null where a key did' })),
    createdAt: Instant(),
    expiresAt: Instant(),
    acceptedAt: Nullable(Instant()),
  },
  { title: 'Invitation' },
)
export type Invitation = Static<typeof Invitation>

/** The answer to who invites. */
export const SentInvitation = Type.Object(
  {
    ...Invitation.properties,
    token: Type.Optional(
      Type.String({
        description: 'Shown this once, in a sandbox without a mail server alone: elsewhere the mail has it',
      }),
    ),
  },
  { title: 'SentInvitation' },
)
export type SentInvitation = Static<typeof SentInvitation>

export const InvitationCreate = Strict({ email: Email(), role: RoleSchema })
export type InvitationCreate = Static<typeof InvitationCreate>

const MailedToken = Type.String({ minLength: 1, maxLength: 200 })

export const InvitationAccept = Strict({
  token: MailedToken,
  name: Type.Optional(Name()),
  password: Type.String({ minLength: 1, maxLength: 256 }),
  totp: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})
export type InvitationAccept = Static<typeof InvitationAccept>
