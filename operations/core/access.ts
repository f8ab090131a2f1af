import { allows, type Scope } from '../../schemas/access.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'
import type { Actor } from '../credentials/principals.ts'

/**
 * What an operation needs of its caller: `public` nothing; `authenticated` any credential of an organization; `user` a
 * person; `key` an API key; `interview` a candidate's interview session, which opens nothing else; or a scope.
 */
export type Access = 'public' | 'authenticated' | 'user' | 'key' | 'interview' | Exclude<Scope, '*'>

/** What an operation declares of its access. */
export interface AccessRule {
  readonly access: Access
  /** Also open to users who have yet to set up the second factor that their organization requires. */
  readonly beforeSecondFactor?: boolean
}

// Settings that people manage without a key: for these an access token alone is enough.
const settings = new Set(['webhooks', 'keys', 'logs', 'members', 'organization'])

/** Whether a user's access token is enough, without a key beside it. */
export function takesTokenAlone(access: string): boolean {
  const noun = access.split(':')[0] as string
  return access === 'authenticated' || access === 'user' || settings.has(noun)
}

/** Why an actor may not use what the rule guards, or null where it may. */
export function refusalOf({ access, beforeSecondFactor }: AccessRule, actor: Actor): ApiError | null {
  if (access === 'public') return null
  if (actor.totpMissing && !beforeSecondFactor) return secondFactorMissing(actor)
  if (access === 'interview') {
    return actor.type === 'interview' ? null : forbidden('an interview session', 'no_interview_session')
  }
  if (actor.type === 'interview') return forbidden('more than an interview session', 'interview_session')
  if (access === 'authenticated') return null
  if (access === 'user') return actor.user ? null : forbidden('a user', 'no_user')
  if (access === 'key') return actor.key ? null : forbidden('an API key', 'no_key')
  if (actor.type === 'user' && !takesTokenAlone(access)) {
    return new ApiError('BAD_REQUEST', 'x-api-key is required beside an access token on this route', {
      reason: 'api_key_required',
      details: [{ path: 'headers.x-api-key', message: 'is required' }],
    })
  }
  return allows(actor.scopes, access) ? null : needsScope(access)
}

/** 403 that names the scope, for an operation that learns only while it runs what it needs. */
export function needsScope(scope: Exclude<Scope, '*'>): ApiError {
  return forbidden(`the scope ${scope}`, `scope_missing:${scope}`)
}

function secondFactorMissing(actor: Actor): ApiError {
  return new ApiError('FORBIDDEN', `${actor.organization.name} requires a second factor of its members`, {
    reason: 'second_factor_missing',
    hint: 'Set one up with POST /api/auth/totp and POST /api/auth/totp/confirm',
  })
}

function forbidden(missing: string, reason: LoggedReason): ApiError {
  return new ApiError('FORBIDDEN', undefined, {
    reason,
    details: [{ path: 'credential', message: `needs ${missing}` }],
  })
}
