import { compileAllowList } from '../../credentials/allow-list.ts'
import type { Loaded } from '../../credentials/verified-cache.ts'
import type { PresentedKey } from '../../db/queries/keys.ts'
import type { PresentedToken } from '../../db/queries/sessions.ts'
import type { KeyPrincipal, UserPrincipal } from './principals.ts'

interface Accepted<P> {
  readonly principal: P
  readonly refusal: null
}

/** A key's row as the principal that it stands for, to be remembered until one of its tags changes. */
export function loadedKey(row: PresentedKey): Loaded<Accepted<KeyPrincipal>> {
  const organization = { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan }
  return {
    value: {
      refusal: null,
      principal: {
        keyId: row.id,
        prefix: row.prefix,
        name: row.name,
        organization,
        scopes: row.scopes,
        allowedIps: row.allowedIps,
        acceptsAddress: compileAllowList(row.allowedIps),
        retirementHeaders: retirementHeaders(row),
        rateLimitPerMinute: row.rateLimitPerMinute,
        endsAt: row.remainingMs === null ? Number.POSITIVE_INFINITY : Date.now() + row.remainingMs,
        expiresAt: row.expiresAt,
        endsOn: endOf(row),
      },
    },
    keep: true,
    tags: [`key:${row.id}`, `organization:${row.organizationId}`],
  }
}

/** A token's row as the principal that it stands for. */
export function loadedToken(row: PresentedToken): Loaded<Accepted<UserPrincipal>> {
  return {
    value: {
      refusal: null,
      principal: {
        kind: row.kind === 'cookie' ? 'cookie' : 'access',
        sessionId: row.sessionId,
        organization: { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan },
        user: { id: row.userId, email: row.email, name: row.userName, role: row.role },
        expiresAt: row.expiresAt,
        totpMissing: row.totpMissing,
      },
    },
    keep: true,
    tags: [`session:${row.sessionId}`, `user:${row.userId}`, `organization:${row.organizationId}`],
  }
}

// RFC 9745 (Deprecation), RFC 8594 (Sunset) and RFC 5829 (the link to the successor).
function retirementHeaders(row: PresentedKey): Readonly<Record<string, string>> | null {
  if (!row.retiresAt || !row.rotatedAt) return null
  return {
    deprecation: `@${Math.floor(row.rotatedAt.getTime() / 1000)}`,
    sunset: (endOf(row) as Date).toUTCString(),
    link: `</api/keys/${row.replacedBy}>; rel="successor-version"`,
  }
}

function endOf({ expiresAt, retiresAt }: PresentedKey): Date | null {
  if (!expiresAt || !retiresAt) return expiresAt ?? retiresAt
  return expiresAt < retiresAt ? expiresAt : retiresAt
}
