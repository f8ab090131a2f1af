import Type from 'typebox'
import { redactCredentials } from '../../credentials/format.ts'
import { revokeKey as endKey } from '../../db/queries/keys.ts'
import { Id } from '../../schemas/ids.ts'
import { type Key, RevokedKey } from '../../schemas/keys.ts'
import { Name, Strict } from '../../schemas/primitives.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import type { KeyPrincipal } from '../credentials/principals.ts'
import { changedKey } from './find.ts'

/** Revokes a key. */
export const revokeKey = writeOperation({
  name: 'keys.revoke',
  summary: 'Revoke a key',
  description:
    'Once this is answered, no instance accepts the key, and no request that began with it can change anything. The ' +
    'receipt lists when each instance acknowledged. A revoked key stays in the list and cannot be used again.',
  access: 'keys:write',
  ends: ({ id }) => ({ keys: [id] }),
  receipt: true,
  input: Strict({ id: Id('key'), reason: Type.Optional(Name(500)) }),
  output: RevokedKey,
  example: { reason: 'Left in a build log' },
  run: (context, { id, reason = null }) => endAndReport(context, id, reason),
})

/** Revokes the key that the request carries. */
export const revokeOwnKey = writeOperation({
  name: 'keys.revokeSelf',
  summary: 'Revoke the key that you use',
  description:
    'Revokes the key of this request, whatever its scopes are. Use it when a program finds its key leaked.',
  access: 'key',
  ends: (_input, { key }) => ({ keys: [(key as KeyPrincipal).keyId] }),
  receipt: true,
  input: Strict({ reason: Type.Optional(Name(500)) }),
  output: RevokedKey,
  example: { reason: 'The server was compromised' },
  run: (context, { reason = null }) =>
    endAndReport(context, (context.actor.key as KeyPrincipal).keyId, reason),
})

/**
 * Ends a key and reports it. A key that was revoked before stays as it was.
 * @param reason for the organization's own records; a credential in it is redacted
 * @throws ApiError 404 where the organization has no such key
 */
export async function endAndReport(
  context: Pick<WriteContext, 'tx' | 'organizationId' | 'emit' | 'audit' | 'invalidate'>,
  id: string,
  reason: string | null,
): Promise<Key> {
  const kept = reason && redactCredentials(reason)
  const [ended] = await endKey(context.tx, context.organizationId, id, kept)
  context.invalidate(`key:${id}`)
  const key = await changedKey(context, id)
  if (ended) {
    context.emit('key.revoked', key)
    context.audit({ action: 'key.revoked', targetType: 'key', targetId: id, changes: { reason: kept } })
  }
  return key
}
