import Type, { type Static } from 'typebox'
import { ScopeList } from './access.ts'
import { Id } from './ids.ts'
import { Instant, InstantText, Name, Nullable, Strict } from './primitives.ts'

export const Key = Type.Object(
  {
    id: Id('key'),
    name: Type.String(),
    prefix: Type.String({ examples: ['sk_dev_4f9aXk2mQ7Lp'] }),
    stage: Type.Enum(['development', 'staging', 'production']),
    scopes: Type.Array(Type.String()),
    allowedIps: Type.Array(Type.String()),
    rateLimitPerMinute: Nullable(Type.Integer()),
    status: Type.Enum(['active', 'retiring', 'expired', 'revoked']),
    createdAt: Instant(),
    createdBy: Nullable(Type.String()),
    creatorLeftAt: Nullable(Instant({ description: 'When the member who made it left; the key stays' })),
    expiresAt: Nullable(Instant()),
    lastUsedAt: Nullable(Instant()),
    requestCount: Type.Integer(),
    failedAttempts: Type.Integer(),
    replacedBy: Nullable(Type.String()),
    retiresAt: Nullable(Instant({ description: 'Once it is being replaced: when its grace ends' })),
    rotationDue: Type.Boolean({ description: 'Active for more than 90 days: rotate it' }),
  },
  { title: 'Key' },
)
export type Key = Static<typeof Key>

/** The one answer that shows the key itself. */
export const KeyWithSecret = Type.Object(
  { ...Key.properties, key: Type.String({ description: 'Shown this once' }) },
  { title: 'KeyWithSecret' },
)

const Receipt = Type.Object(
  {
    effectiveAt: Instant(),
    replicas: Type.Array(
      Type.Object({
        id: Type.String(),
        acknowledgedAt: Nullable(Instant({ description: 'Null: its right to answer from memory lapsed' })),
      }),
    ),
  },
  { title: 'Receipt' },
)

/** A revoked key, and the proof that no process accepts it any more. */
export const RevokedKey = Type.Object({ ...Key.properties, receipt: Receipt }, { title: 'RevokedKey' })

const AllowedIps = Type.Array(Type.String({ minLength: 2, maxLength: 49 }), {
  maxItems: 50,
  uniqueItems: true,
})
const RateLimit = Type.Integer({ minimum: 1, maximum: 1_000_000 })

export const KeyCreate = Strict({
  name: Name(),
  stage: Type.Optional(Type.Enum(['development', 'staging', 'production'])),
  scopes: Type.Optional(ScopeList),
  allowedIps: Type.Optional(AllowedIps),
  expiresAt: Type.Optional(Nullable(InstantText())),
  rateLimitPerMinute: Type.Optional(Nullable(RateLimit)),
})
export type KeyCreate = Static<typeof KeyCreate>

export const KeyPatch = Strict(
  {
    name: Type.Optional(Name()),
    scopes: Type.Optional(ScopeList),
    allowedIps: Type.Optional(AllowedIps),
    expiresAt: Type.Optional(Nullable(InstantText())),
    rateLimitPerMinute: Type.Optional(Nullable(RateLimit)),
  },
  { minProperties: 1 },
)
export type KeyPatch = Static<typeof KeyPatch>
