import { isWithin } from '../../credentials/allow-list.ts'
import type { KeyRow } from '../../db/queries/keys.ts'
import { allows, firstExcess, type Scope } from '../../schemas/access.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'
import type { Context } from '../core/operation.ts'
import { planOf } from '../plans/plans.ts'

/** What a key may do, from where, and until when. */
export type KeyRights = Pick<KeyRow, 'scopes' | 'allowedIps' | 'rateLimitPerMinute' | 'expiresAt'>

/** Who creates or changes a key. Nobody gives a key more than they have. */
export interface KeyAuthor {
  readonly userId: string | null
  /** The author's own rights: its scopes, and where it acts through a key, that key's restrictions and end. */
  readonly rights: KeyRights
  /** Requests per minute of the whole organization: no key may have more. */
  readonly organizationLimit: number
}

/** The author that the caller of an operation is. */
export function authorOf({ actor, services }: Pick<Context, 'actor' | 'services'>): KeyAuthor {
  const { environment, rateLimitPerMinute } = services.config
  return {
    userId: actor.user?.id ?? null,
    rights: {
      scopes: [...actor.scopes],
      allowedIps: [...(actor.key?.allowedIps ?? [])],
      rateLimitPerMinute: actor.key?.rateLimitPerMinute ?? null,
      expiresAt: actor.key?.endsOn ?? null,
    },
    organizationLimit: rateLimitPerMinute * planOf(environment.name, actor.organization.plan).rateLimitFactor,
  }
}

/** The author of what the server does by itself. It may give everything. */
export function systemAuthor(userId: string | null): KeyAuthor {
  return {
    userId,
    rights: { scopes: ['*'], allowedIps: [], rateLimitPerMinute: null, expiresAt: null },
    organizationLimit: Number.POSITIVE_INFINITY,
  }
}

/**
 * Refuses to give a key more than its author has.
 * @param wanted the rights that a body names; the others are not checked
 * @throws ApiError 403 that names the field and, of scopes, the first that is missing
 */
export function refuseExcess(wanted: Partial<KeyRights>, author: KeyAuthor): void {
  const { rights, organizationLimit } = author
  const scope = wanted.scopes && firstExcess(wanted.scopes as Scope[], rights.scopes)
  if (scope) {
    throw excess('body.scopes', `${scope} is more than your credential has`, `scope_missing:${scope}`)
  }
  const limit = wanted.rateLimitPerMinute
  if (limit != null && limit > organizationLimit) {
    const message = `${limit} is more than the organization's ${organizationLimit}`
    throw excess('body.rateLimitPerMinute', message, 'limit_exceeded')
  }
  if (limit !== undefined && exceedsLimit(limit, rights)) {
    const message = `must be at most ${rights.rateLimitPerMinute}, the limit of the key that you use`
    throw excess('body.rateLimitPerMinute', message, 'limit_exceeded')
  }
  const outside = wanted.allowedIps && outsideOf(wanted.allowedIps, rights)
  if (outside) {
    throw excess('body.allowedIps', `${outside} is outside what the key that you use allows`, 'ips_exceeded')
  }
  if (wanted.expiresAt !== undefined && outlives(wanted.expiresAt, rights)) {
    const message = `must be at most ${rights.expiresAt?.toISOString()}, when the key that you use ends`
    throw excess('body.expiresAt', message, 'expiry_exceeded')
  }
}

/**
 * Refuses to let somebody change or rotate a key that has more rights than they have: they could not create such a
 * key, so they cannot take one over.
 * @throws ApiError 403
 */
export function refuseStronger(key: KeyRights & Pick<KeyRow, 'retiresAt'>, { rights }: KeyAuthor): void {
  const missing = key.scopes.find((scope) => !allows(rights.scopes, scope as Scope))
  if (missing) {
    throw excess('params.id', `has ${missing}, which your credential lacks`, `scope_missing:${missing}`)
  }
  if (exceedsLimit(key.rateLimitPerMinute, rights)) {
    throw excess('params.id', 'has a higher rateLimitPerMinute than the key that you use', 'limit_exceeded')
  }
  if (outsideOf(key.allowedIps, rights)) {
    throw excess('params.id', 'is allowed from more addresses than the key that you use', 'ips_exceeded')
  }
  if (outlives(earliest(key.expiresAt, key.retiresAt), rights)) {
    throw excess('params.id', 'lives longer than the key that you use', 'expiry_exceeded')
  }
}

/** The earlier of two instants, of which null never comes. */
export function earliest(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

function outlives(expiresAt: Date | null, rights: KeyRights): boolean {
  return rights.expiresAt !== null && (expiresAt === null || expiresAt > rights.expiresAt)
}

function exceedsLimit(limit: number | null, { rateLimitPerMinute }: KeyRights): boolean {
  return rateLimitPerMinute !== null && (limit === null || limit > rateLimitPerMinute)
}

function outsideOf(entries: readonly string[], { allowedIps }: KeyRights): string | null {
  if (allowedIps.length === 0) return null
  if (entries.length === 0) return 'every address'
  return entries.find((entry) => !isWithin(entry, allowedIps)) ?? null
}

function excess(path: string, message: string, reason: LoggedReason): ApiError {
  return new ApiError('FORBIDDEN', undefined, { reason, details: [{ path, message }] })
}
