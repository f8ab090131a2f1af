import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Email, Instant, Metadata, Name, Nullable, Strict } from './primitives.ts'

const descriptions = {
  email: 'The e-mail address, kept in small letters. Two candidates of an organization cannot share one',
  name: 'The full name, as mails and the interview show it',
  phone: 'A telephone number, as you write it',
  externalId: 'The id of the candidate in your own system',
  metadata: 'Any JSON of yours, at most 50 fields. It is kept and given back as it came',
  createdAt: 'When the candidate was created',
}

const description = (field: keyof typeof descriptions) => ({ description: descriptions[field] })

export const Candidate = Type.Object(
  {
    id: Id('cnd'),
    email: Type.String(description('email')),
    name: Type.String(description('name')),
    phone: Nullable(Type.String(description('phone'))),
    externalId: Nullable(Type.String(description('externalId'))),
    metadata: Type.Record(Type.String(), Type.Unknown(), description('metadata')),
    createdAt: Instant(description('createdAt')),
  },
  { title: 'Candidate' },
)
export type Candidate = Static<typeof Candidate>

const ExternalId = Name(200, description('externalId'))

const fields = {
  email: Email(description('email')),
  name: Name(undefined, description('name')),
  phone: Type.Optional(Nullable(Name(50, description('phone')))),
  externalId: Type.Optional(Nullable(ExternalId)),
  metadata: Type.Optional(Metadata(description('metadata'))),
}

export const CandidateCreate = Strict(fields)
export type CandidateCreate = Static<typeof CandidateCreate>

export const CandidatePatch = Strict(
  { ...fields, email: Type.Optional(fields.email), name: Type.Optional(fields.name) },
  { minProperties: 1 },
)
export type CandidatePatch = Static<typeof CandidatePatch>

/** What a list of candidates can be narrowed by. */
export const candidateFilters = {
  email: Type.Optional(Email({ description: 'The candidate of this e-mail address' })),
  externalId: Type.Optional(ExternalId),
  campaignId: Type.Optional(Id('cmp', 'Candidates who were invited to this campaign')),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Words that name, e-mail, phone or external id begin with: all of them, in any order',
    }),
  ),
}
