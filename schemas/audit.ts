import Type from 'typebox'
import { Id } from './ids.ts'
import { InstantText, Nullable } from './primitives.ts'

const Text = () => Nullable(Type.String())

/** A record of the audit log: who did what to what, from where, and its place in the organization's chain. */
export const AuditRecord = Type.Object(
  {
    id: Id('aud'),
    organizationId: Id('org'),
    sequence: Type.Integer({ description: '1, 2, 3 … within the organization, without a gap' }),
    at: InstantText(),
    action: Type.String({ examples: ['key.rotated'] }),
    actorType: Type.String({ examples: ['api_key+user'] }),
    userId: Text(),
    credentialId: Text(),
    targetType: Type.String({ examples: ['key'] }),
    targetId: Text(),
    ip: Text(),
    userAgent: Text(),
    requestId: Text(),
    changes: Type.Unknown({ description: 'What is different now; of a change usually {field: {from, to}}' }),
    previousHash: Type.String({ description: 'The hash of the record before, in hexadecimal digits' }),
    hash: Type.String({ description: 'SHA-256 of this record, which holds the one before' }),
  },
  { title: 'AuditRecord' },
)
