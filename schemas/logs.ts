import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant, Nullable } from './primitives.ts'

/** A request, as the API shows it. */
export const LogRecord = Type.Object(
  {
    id: Id('req'),
    requestId: Id('req'),
    at: Instant(),
    method: Type.String(),
    path: Type.String(),
    status: Type.Integer(),
    durationMs: Type.Number(),
    ip: Type.String(),
    userAgent: Nullable(Type.String()),
    credentialType: Nullable(Type.String()),
    keyId: Nullable(Type.String()),
    keyHash: Nullable(Type.String({ description: 'SHA-256 of the presented key' })),
    userId: Nullable(Type.String()),
    reason: Nullable(
      Type.String({
        description: 'Why a request was refused',
        examples: ['key_expired', 'scope_missing:keys:write'],
      }),
    ),
    notice: Nullable(
      Type.Enum(['key.rotation_due'], { description: 'What the owner of the key should know about it' }),
    ),
  },
  { title: 'LogRecord' },
)
export type LogRecord = Static<typeof LogRecord>

/** A request, with its reason in words. */
export const ExplainedRecord = Type.Object(
  { ...LogRecord.properties, explanation: Type.String({ description: 'The reason, for people' }) },
  { title: 'ExplainedLogRecord' },
)

/** What selects requests, in lists and in the stream. */
export const logFilter = {
  keyId: Type.Optional(Id('key')),
  status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
  path: Type.Optional(Type.String({ maxLength: 500 })),
}
