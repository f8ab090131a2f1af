import type { KeyRow, KeyWithCounters } from '../../db/queries/keys.ts'
import type { Key } from '../../schemas/keys.ts'
import { keyStatus } from './states.ts'

const ROTATION_AGE_MS = 90 * 86_400_000

/** A key as the API shows it: everything but what would let someone use it. */
export function serializeKey(row: KeyWithCounters): Key {
  const now = row.now.getTime()
  const status = keyStatus(row, now)
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    stage: row.stage as Key['stage'],
    scopes: row.scopes,
    allowedIps: row.allowedIps,
    rateLimitPerMinute: row.rateLimitPerMinute,
    status,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    creatorLeftAt: row.creatorLeftAt,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    requestCount: row.requestCount,
    failedAttempts: row.failedAttempts,
    replacedBy: row.replacedBy,
    retiresAt: row.retiresAt,
    rotationDue: status === 'active' && now - row.createdAt.getTime() > ROTATION_AGE_MS,
  }
}

/** A key that nobody has used yet, as the API shows it. */
export function serializeNewKey(row: KeyRow): Key {
  return serializeKey({ ...row, requestCount: 0, failedAttempts: 0, lastUsedAt: null, now: row.createdAt })
}
