import type { KeyRow, KeyWithCounters } from '../../db/queries/keys.ts'
import type { Key } from '../../schemas/keys.ts'

/** A key as the API shows it: everything but what would let someone use it. */
export function presentKey(row: KeyWithCounters): Key {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    stage: row.stage as Key['stage'],
    scopes: row.scopes,
    allowedIps: row.allowedIps,
    rateLimitPerMinute: row.rateLimitPerMinute,
    status: keyStatus(row, Date.now()),
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    requestCount: row.requestCount,
    failedAttempts: row.failedAttempts,
    replacedBy: row.replacedBy,
  }
}

/** A key that nobody has used yet, as the API shows it. */
export function presentNewKey(row: KeyRow): Key {
  return presentKey({ ...row, requestCount: 0, failedAttempts: 0, lastUsedAt: null })
}

/**
 * Where in its life a key is.
 * @param now milliseconds since 1970
 */
export function keyStatus(
  row: Pick<KeyRow, 'revokedAt' | 'expiresAt' | 'retiresAt'>,
  now: number,
): Key['status'] {
  if (row.revokedAt) return 'revoked'
  if (row.expiresAt && row.expiresAt.getTime() <= now) return 'expired'
  if (row.retiresAt) return row.retiresAt.getTime() <= now ? 'expired' : 'retiring'
  return 'active'
}
