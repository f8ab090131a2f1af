import Type, { type Static } from 'typebox'
import { CandidateCreate } from './candidates.ts'
import { Id } from './ids.ts'
import { Email, Instant, InstantText, Nullable, Strict } from './primitives.ts'

export const inviteStatuses = ['pending', 'started', 'completed', 'expired', 'cancelled'] as const
export type InviteStatus = (typeof inviteStatuses)[number]

/** How many hours an invite is valid at most: thirty days. */
export const MOST_VALID_HOURS = 720

const Status = Type.Enum([...inviteStatuses], {
  description:
    'pending: the candidate has not begun; started: the interview is under way; completed: the candidate has finished; ' +
    'expired: the link ended before the candidate began; cancelled: you ended it, or the candidate was erased',
})
const ValidHours = (description: string) =>
  Type.Integer({ minimum: 1, maximum: MOST_VALID_HOURS, description })

const inviteFields = {
  id: Id('inv'),
  campaignId: Id('cmp'),
  candidateId: Id('cnd'),
  status: Status,
  url: Type.String({
    description: 'The page of the interview; with the token in its fragment where the token is shown',
    examples: ['https://anteroom.example/interview'],
  }),
  expiresAt: Instant({ description: 'Until when the candidate can begin' }),
  interviewId: Nullable(Id('int', 'The interview; null until the candidate begins')),
  createdAt: Instant({ description: 'When the candidate was invited' }),
}

export const Invite = Type.Object(inviteFields, { title: 'Invite' })
export type Invite = Static<typeof Invite>

const token = Type.String({ description: 'Shown once; only its SHA-256 is kept' })

export const NewInvite = Type.Object({ ...inviteFields, token }, { title: 'NewInvite' })
export type NewInvite = Static<typeof NewInvite>

const SendEmail = (description: string) => Type.Optional(Type.Boolean({ description }))

export const InviteCreate = Strict(
  {
    candidateId: Type.Optional(Id('cnd', 'A candidate whom you have created; leave out `candidate` then')),
    candidate: Type.Optional(
      Strict(CandidateCreate.properties, {
        description: 'Who is invited. A candidate who has this e-mail address already stays as it is',
      }),
    ),
    expiresInHours: Type.Optional(
      ValidHours(
        'How long the link is valid; as the campaign says (`inviteValidHours`) unless told otherwise',
      ),
    ),
    sendEmail: SendEmail('Whether the link is mailed to the candidate; `false` unless told otherwise'),
  },
  { minProperties: 1 },
)
export type InviteCreate = Static<typeof InviteCreate>

export const InviteExtend = Strict(
  {
    hours: Type.Optional(ValidHours('How many hours the invite lasts longer; leave out `expiresAt` then')),
    expiresAt: Type.Optional(
      InstantText('2026-12-31T23:59:59.000Z', {
        description: 'The new end, at most 720 hours from now; leave out `hours` then',
      }),
    ),
  },
  { minProperties: 1, maxProperties: 1 },
)
export type InviteExtend = Static<typeof InviteExtend>

export const InviteResend = Strict({
  sendEmail: SendEmail('Whether the new link is mailed; `true` unless this server sends no e-mail'),
})

/** What a list of invites can be narrowed by. */
export const inviteFilters = {
  status: Type.Optional(Type.Enum([...inviteStatuses], { description: 'Invites in this state' })),
  campaignId: Type.Optional(Id('cmp', 'Invites to this campaign')),
  candidateId: Type.Optional(Id('cnd', 'Invites of this candidate')),
  email: Type.Optional(Email({ description: 'Invites of the candidate with this e-mail address' })),
}
