import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant, Name, Nullable, Strict } from './primitives.ts'

const Most = Nullable(Type.Integer({ description: 'null: as many as you like' }))

export const OrganizationSettings = Type.Object(
  {
    id: Id('org'),
    name: Type.String(),
    plan: Type.String(),
    allowedOrigins: Type.Array(Type.String()),
    requireTotp: Type.Boolean({ description: 'Whether every member needs a second factor' }),
    leakedKeys: Type.Enum(['revoke', 'report'], {
      description: 'What happens to a key of yours that was found in public',
    }),
    mediaRetentionDays: Type.Integer({
      description: 'How many days the recordings of interviews are kept; what was said in text stays',
    }),
    limits: Type.Object({
      members: Most,
      keys: Most,
      webhooks: Most,
      rateLimitPerMinute: Type.Integer(),
      storageBytes: Nullable(Type.Integer({ description: 'Bytes of files; null: as many as you like' })),
    }),
    usage: Type.Object({ storageBytes: Type.Integer({ description: 'Bytes of files that are stored now' }) }),
    features: Type.Record(Type.String(), Type.Boolean()),
    createdAt: Instant(),
  },
  { title: 'OrganizationSettings' },
)
export type OrganizationSettings = Static<typeof OrganizationSettings>

export const OrganizationPatch = Strict(
  {
    name: Type.Optional(Name()),
    allowedOrigins: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 300, examples: ['https://careers.example.com'] }), {
        maxItems: 100,
      }),
    ),
    requireTotp: Type.Optional(Type.Boolean()),
    leakedKeys: Type.Optional(Type.Enum(['revoke', 'report'])),
    mediaRetentionDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
  },
  { minProperties: 1 },
)
export type OrganizationPatch = Static<typeof OrganizationPatch>
