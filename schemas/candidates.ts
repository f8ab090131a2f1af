import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Email, Instant, Metadata, Name, Nullable, Strict } from './primitives.ts'

const Phone = Name(50)
const ExternalId = Name(200)

export const Candidate = Type.Object(
  {
    id: Id('cnd'),
    email: Type.String(),
    name: Type.String(),
    phone: Nullable(Type.String()),
    externalId: Nullable(Type.String()),
    metadata: Type.Record(Type.String(), Type.Unknown()),
    createdAt: Instant(),
  },
  { title: 'Candidate' },
)
export type Candidate = Static<typeof Candidate>

export const CandidateCreate = Strict({
  email: Email(),
  name: Name(),
  phone: Type.Optional(Nullable(Phone)),
  externalId: Type.Optional(Nullable(ExternalId)),
  metadata: Type.Optional(Metadata()),
})
export type CandidateCreate = Static<typeof CandidateCreate>

export const CandidatePatch = Strict(
  {
    email: Type.Optional(Email()),
    name: Type.Optional(Name()),
    phone: Type.Optional(Nullable(Phone)),
    externalId: Type.Optional(Nullable(ExternalId)),
    metadata: Type.Optional(Metadata()),
  },
  { minProperties: 1 },
)
export type CandidatePatch = Static<typeof CandidatePatch>

/** What a list of candidates can be narrowed by. */
export const candidateFilters = {
  email: Type.Optional(Email()),
  externalId: Type.Optional(ExternalId),
  campaignId: Type.Optional(Id('cmp')),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Words that name, e-mail, phone or external id begin with: all of them, in any order',
    }),
  ),
}
