import type { KeyRow } from '../../db/queries/keys.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Key } from '../../schemas/keys.ts'

/** Where in its life a key is. */
export type KeyStatus = Key['status']

/** What can be done to a key. */
export type KeyAct = 'patch' | 'rotate' | 'finish' | 'undo' | 'revoke'

type Refused = { readonly refused: string }

const noRotation = { refused: 'No rotation of this key is under way' }

/**
 * The life of a key: what each act makes of a key in each state, or why it can't be. Time does the rest: an active or
 * retiring key expires when its own expiry comes, a retiring one when its grace is over.
 */
export const keyLife: Record<KeyStatus, Record<KeyAct, KeyStatus | Refused>> = {
  active: { patch: 'active', rotate: 'retiring', finish: noRotation, undo: noRotation, revoke: 'revoked' },
  retiring: {
    patch: 'retiring',
    rotate: { refused: 'This key is being rotated: finish or undo that, or rotate its successor' },
    finish: 'expired',
    undo: 'active',
    revoke: 'revoked',
  },
  expired: {
    patch: { refused: 'An expired key cannot be changed' },
    rotate: { refused: 'An expired key cannot be rotated: create a new one' },
    finish: { refused: 'This key has ended already' },
    undo: { refused: 'This key has ended: its rotation cannot be undone' },
    revoke: 'revoked',
  },
  revoked: {
    patch: { refused: 'A revoked key cannot be changed' },
    rotate: { refused: 'A revoked key cannot be rotated: create a new one' },
    finish: { refused: 'This key was revoked' },
    undo: { refused: 'This key was revoked: its rotation cannot be undone' },
    revoke: 'revoked',
  },
}

/**
 * Where in its life a key is.
 * @param now milliseconds since 1970
 */
export function keyStatus(
  row: Pick<KeyRow, 'revokedAt' | 'expiresAt' | 'retiresAt'>,
  now: number,
): KeyStatus {
  if (row.revokedAt) return 'revoked'
  if (row.expiresAt && row.expiresAt.getTime() <= now) return 'expired'
  if (row.retiresAt) return row.retiresAt.getTime() <= now ? 'expired' : 'retiring'
  return 'active'
}

/**
 * Refuses what the key's state does not allow.
 * @param row locked, with the database's clock
 * @throws ApiError 409 that says why
 */
export function requireAllowed(row: KeyRow & { now: Date }, act: KeyAct): void {
  const outcome = keyLife[keyStatus(row, row.now.getTime())][act]
  if (typeof outcome === 'object') throw new ApiError('CONFLICT', outcome.refused)
}
