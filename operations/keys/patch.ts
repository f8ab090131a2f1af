import { withdrawInvitationsOfKey } from '../../db/queries/invitations.ts'
import { type KeyChange, updateKey } from '../../db/queries/keys.ts'
import { firstExcess, type Scope } from '../../schemas/access.ts'
import { Id } from '../../schemas/ids.ts'
import { Key, KeyPatch } from '../../schemas/keys.ts'
import { Strict } from '../../schemas/primitives.ts'
import { changesBetween } from '../audit/audit.ts'
import { writeOperation } from '../core/operation.ts'
import { authorOf, refuseExcess, refuseStronger } from './authors.ts'
import { changedKey, lockKeyFor } from './find.ts'
import { futureInstant, normalizeIps, refuseCredential } from './input.ts'

/** Changes what the patch names. The key is locked from the read to the write, so that no change is lost. */
export const patchKey = writeOperation({
  name: 'keys.update',
  summary: 'Change a key',
  description:
    "Changes the key's name, scopes, addresses, limit or expiry. The change takes effect in every instance before " +
    'the answer. You cannot give a key more than your own credential has.',
  access: 'keys:write',
  ends: ({ id }) => ({ keys: [id] }),
  errors: [409],
  input: Strict({ id: Id('key'), ...KeyPatch.properties }, { minProperties: 2 }),
  output: Key,
  example: { name: 'Staging server' },
  async run(context, { id, ...patch }) {
    const { tx, organizationId, audit, invalidate } = context
    const author = authorOf(context)
    refuseCredential('body.name', patch.name)
    const row = await lockKeyFor(context, id, 'patch')
    refuseStronger(row, author)
    const change: Partial<KeyChange> = {
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.scopes ? { scopes: patch.scopes } : {}),
      ...(patch.allowedIps ? { allowedIps: normalizeIps(patch.allowedIps) } : {}),
      ...(patch.expiresAt === undefined ? {} : { expiresAt: futureInstant(patch.expiresAt, row.now) }),
      ...(patch.rateLimitPerMinute === undefined ? {} : { rateLimitPerMinute: patch.rateLimitPerMinute }),
    }
    refuseExcess(change, author)
    await updateKey(tx, organizationId, id, { ...row, ...change })
    const narrowed = change.scopes && firstExcess(row.scopes as Scope[], change.scopes) !== null
    if (narrowed) await withdrawInvitationsOfKey(tx, organizationId, id)
    const changes = changesBetween(row, change)
    if (Object.keys(changes).length > 0) {
      invalidate(`key:${id}`)
      audit({ action: 'key.changed', targetType: 'key', targetId: id, changes })
    }
    return changedKey(context, id)
  },
})
