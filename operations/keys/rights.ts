import type { Config } from '../../config/config.ts'
import { isWithin } from '../../credentials/allow-list.ts'
import type { KeyRow } from '../../db/queries/keys.ts'
import { allows, firstExcess, type Scope } from '../../schemas/access.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'
import type { AuditContext } from '../audit/audit.ts'
import type { Actor } from '../credentials/principals.ts'
import { planOf } from '../plans/plans.ts'

/** What a key may do, and from where. */
export type KeyRights = Pick<KeyRow, 'scopes' | 'allowedIps' | 'rateLimitPerMinute'>

/** Who makes or changes a key: nobody hands on more than they have. */
export interface KeyAuthor {
  readonly userId: string | null
  /** The author's own: its scopes, and where it acts through a key, that key's restrictions. */
  readonly rights: KeyRights
  /** What the organization has subscribed to; null: the server itself makes the key. */
  readonly plan: string | null
  /** Requests per minute of the whole organization: no key may be given more. */
  readonly organizationLimit: number
  readonly context: AuditContext
}

/** The author that an actor is. */
export function keyAuthor(
  actor: Actor,
  settings: Pick<Config, 'environment' | 'rateLimitPerMinute'>,
  context: AuditContext,
): KeyAuthor {
  const { plan } = actor.organization
  return {
    userId: actor.user?.id ?? null,
    rights: {
      scopes: [...actor.scopes],
      allowedIps: [...(actor.key?.allowedIps ?? [])],
      rateLimitPerMinute: actor.key?.rateLimitPerMinute ?? null,
    },
    plan,
    organizationLimit: settings.rateLimitPerMinute * planOf(settings.environment.name, plan).rateLimitFactor,
    context,
  }
}

/** The author of what the server does by itself: everything is theirs to give. */
export function systemAuthor(userId: string | null, context: AuditContext): KeyAuthor {
  return {
    userId,
    rights: { scopes: ['*'], allowedIps: [], rateLimitPerMinute: null },
    plan: null,
    organizationLimit: Number.POSITIVE_INFINITY,
    context,
  }
}

/**
 * Refuses to give a key more than its author has.
 * @param wanted what a body names; what it leaves out is not looked at
 * @throws ApiError 403 that names the field and, of scopes, the first that is missing
 */
export function refuseExcess(wanted: Partial<KeyRights>, author: KeyAuthor): void {
  const { rights, organizationLimit } = author
  const scope = wanted.scopes && firstExcess(wanted.scopes as Scope[], rights.scopes)
  if (scope)
    throw excess('body.scopes', `${scope} is more than your credential has`, `scope_missing:${scope}`)
  const limit = wanted.rateLimitPerMinute
  if (limit != null && limit > organizationLimit) {
    throw excess(
      'body.rateLimitPerMinute',
      `${limit} is more than the organization's ${organizationLimit}`,
      'limit_exceeded',
    )
  }
  if (limit !== undefined && exceedsLimit(limit, rights)) {
    throw excess(
      'body.rateLimitPerMinute',
      `must be at most ${rights.rateLimitPerMinute}, as of the key that you use`,
      'limit_exceeded',
    )
  }
  const outside = wanted.allowedIps && outsideOf(wanted.allowedIps, rights)
  if (outside)
    throw excess('body.allowedIps', `${outside} is outside what the key that you use allows`, 'ips_exceeded')
}

/**
 * Refuses to let someone change or renew a key that has more than they have: what they could not make they can't
 * take over either.
 * @throws ApiError 403
 */
export function refuseStronger(key: KeyRights, author: KeyAuthor): void {
  const missing = key.scopes.find((scope) => !allows(author.rights.scopes, scope as Scope))
  if (missing)
    throw excess('params.id', `has ${missing}, which your credential has not`, `scope_missing:${missing}`)
  if (exceedsLimit(key.rateLimitPerMinute, author.rights)) {
    throw excess('params.id', 'has a higher rateLimitPerMinute than the key that you use', 'limit_exceeded')
  }
  if (outsideOf(key.allowedIps, author.rights)) {
    throw excess('params.id', 'is allowed from more addresses than the key that you use', 'ips_exceeded')
  }
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
