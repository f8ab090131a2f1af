import { announceChange } from '../../db/changes.ts'
import {
  endGrace,
  revokeKey as endKey,
  findKey,
  type KeyRow,
  keepKey,
  lockKey,
  retireKey,
} from '../../db/queries/keys.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { Key, KeyRotate } from '../../schemas/keys.ts'
import { audit } from '../audit/audit.ts'
import { emit } from '../events/emit.ts'
import { futureInstant, issueKey, type KeySettings, LAST_INSTANT, presentFound } from './keys.ts'
import { presentNewKey } from './present.ts'
import { type KeyAuthor, refuseStronger } from './rights.ts'
import { keyStatus, requireAllowed } from './states.ts'

const DEFAULT_GRACE_HOURS = 24
const UNDONE = 'rotation_undone'

/**
 * Makes a successor with the old key's name, scopes, restrictions and stage, and a life as long as the old one's was
 * meant to be. The old key retires when the grace is over, and never after its own expiry. Of two rotations at once
 * one finds the key retiring.
 * @throws ApiError 404, 403 for a key that has more than the author, 409 for a key that is not active
 */
export async function rotateKey(
  tx: TenantTransaction,
  settings: KeySettings,
  author: KeyAuthor,
  id: string,
  body: KeyRotate,
): Promise<Key & { key: string }> {
  const { organizationId } = author.context
  const old = await lockFor(tx, organizationId, id, 'rotate')
  refuseStronger(old, author)
  const expiresAt = body?.expiresAt === undefined ? sameDistance(old) : futureInstant(body.expiresAt)
  const { name, scopes, allowedIps, rateLimitPerMinute, stage } = old
  const facts = { name, scopes, allowedIps, rateLimitPerMinute, stage, expiresAt }
  const { row, text } = await issueKey(tx, settings, author, facts)
  const [retiring] = await retireKey(tx, organizationId, id, row.id, body?.graceHours ?? DEFAULT_GRACE_HOURS)
  await announceChange(tx, settings.environment, `key:${id}`)
  const successor = presentNewKey(row)
  await emit(tx, organizationId, 'key.rotated', presentFound(await findKey(tx, organizationId, id)))
  await emit(tx, organizationId, 'key.created', successor)
  await audit(tx, author.context, {
    action: 'key.rotated',
    targetType: 'key',
    targetId: id,
    changes: { replacedBy: row.id, retiresAt: retiring?.retiresAt },
  })
  await audit(tx, author.context, {
    action: 'key.created',
    targetType: 'key',
    targetId: row.id,
    changes: { ...facts, prefix: row.prefix, replaces: id },
  })
  return { ...successor, key: text }
}

/**
 * Ends the grace of a key that is being replaced: only its successor is left.
 * @throws ApiError 404, 409 where no rotation is under way
 */
export async function finishRotation(
  tx: TenantTransaction,
  settings: Pick<KeySettings, 'environment'>,
  author: KeyAuthor,
  id: string,
): Promise<Key> {
  const { organizationId } = author.context
  const old = await lockFor(tx, organizationId, id, 'finish')
  const [ended] = await endGrace(tx, organizationId, id)
  await announceChange(tx, settings.environment, `key:${id}`)
  const key = presentFound(await findKey(tx, organizationId, id))
  await audit(tx, author.context, {
    action: 'key.rotation_finished',
    targetType: 'key',
    targetId: id,
    changes: { retiresAt: { from: old.retiresAt, to: ended?.retiresAt } },
  })
  return key
}

/**
 * Takes a rotation back while the old key lives: the successor is revoked, the old key lives on to its own expiry.
 * @returns the old key, and the successor's id
 * @throws ApiError 404, 403 for a key that has more than the author, 409 where no rotation is under way or the
 *   successor has been replaced itself
 */
export async function undoRotation(
  tx: TenantTransaction,
  settings: Pick<KeySettings, 'environment'>,
  author: KeyAuthor,
  id: string,
): Promise<{ key: Key; successorId: string }> {
  const { organizationId } = author.context
  const old = await lockFor(tx, organizationId, id, 'undo')
  refuseStronger(old, author)
  const successorId = old.replacedBy as string
  const [successor] = await lockKey(tx, organizationId, successorId)
  if (successor?.replacedBy && keyStatus(successor, successor.now.getTime()) !== 'revoked') {
    throw new ApiError('CONFLICT', 'The successor was rotated itself: undo that rotation first')
  }
  const [ended] = await endKey(tx, organizationId, successorId, UNDONE)
  await keepKey(tx, organizationId, id)
  for (const changed of [id, successorId]) await announceChange(tx, settings.environment, `key:${changed}`)
  const key = presentFound(await findKey(tx, organizationId, id))
  await audit(tx, author.context, {
    action: 'key.rotation_undone',
    targetType: 'key',
    targetId: id,
    changes: { replacedBy: { from: successorId, to: null } },
  })
  if (ended) {
    await emit(
      tx,
      organizationId,
      'key.revoked',
      presentFound(await findKey(tx, organizationId, successorId)),
    )
    await audit(tx, author.context, {
      action: 'key.revoked',
      targetType: 'key',
      targetId: successorId,
      changes: { reason: UNDONE },
    })
  }
  return { key, successorId }
}

async function lockFor(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
  act: 'rotate' | 'finish' | 'undo',
): Promise<KeyRow & { now: Date }> {
  const [row] = await lockKey(tx, organizationId, id)
  if (!row) throw notFound('Key')
  requireAllowed(row, act)
  return row
}

// From when a key was made to its expiry: a key made for 90 days is followed by one for 90 days.
function sameDistance({ createdAt, expiresAt, now }: KeyRow & { now: Date }): Date | null {
  if (!expiresAt) return null
  return new Date(Math.min(now.getTime() + expiresAt.getTime() - createdAt.getTime(), LAST_INSTANT))
}
