import Type, { type Static } from 'typebox'
import { CandidateCreate } from './candidates.ts'
import { Id } from './ids.ts'
import { Email, Instant, InstantText, Nullable, Strict } from './primitives.ts'

export const inviteStatuses = ['pending', 'started', 'completed', 'expired', 'cancelled'] as const
export type InviteStatus = (typeof inviteStatuses)[number]

const ValidHours = Type.Integer({ minimum: 1, maximum: 720 })

const inviteFields = {
  id: Id('inv'),
  campaignId: Id('cmp'),
  candidateId: Id('cnd'),
  status: Type.Enum([...inviteStatuses]),
  url: Type.String({
    description: 'The page of the interview; with the token in its fragment where the token is shown',
  }),
  expiresAt: Instant(),
  interviewId: Nullable(Id('int')),
  createdAt: Instant(),
}

export const Invite = Type.Object(inviteFields, { title: 'Invite' })
export type Invite = Static<typeof Invite>

const token = Type.String({ description: 'Shown once; only its SHA-256 is kept' })

export const NewInvite = Type.Object({ ...inviteFields, token }, { title: 'NewInvite' })
export type NewInvite = Static<typeof NewInvite>

export const InviteCreate = Strict(
  {
    candidateId: Type.Optional(Id('cnd')),
    candidate: Type.Optional(CandidateCreate),
    expiresInHours: Type.Optional(ValidHours),
    sendEmail: Type.Optional(Type.Boolean()),
  },
  { minProperties: 1 },
)
export type InviteCreate = Static<typeof InviteCreate>

export const InviteExtend = Strict(
  {
    hours: Type.Optional(ValidHours),
    expiresAt: Type.Optional(InstantText()),
  },
  { minProperties: 1, maxProperties: 1 },
)
export type InviteExtend = Static<typeof InviteExtend>

export const InviteResend = Strict({ sendEmail: Type.Optional(Type.Boolean()) })
export type InviteResend = Static<typeof InviteResend>

/** What a list of invites can be narrowed by. */
export const inviteFilters = {
  status: Type.Optional(Type.Enum([...inviteStatuses])),
  campaignId: Type.Optional(Id('cmp')),
  candidateId: Type.Optional(Id('cnd')),
  email: Type.Optional(Email()),
}
