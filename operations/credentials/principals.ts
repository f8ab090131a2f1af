import { credentialTypes } from '../../credentials/types.ts'
import { type Role, roleScopes, type Scope, scopes } from '../../schemas/access.ts'

/** The organization that a request speaks for. */
export interface ActingOrganization {
  readonly id: string
  readonly name: string
  readonly plan: string
}

/** The user who speaks, in that organization. */
export interface ActingUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
}

/** An API key that was verified: what it stands for and what it may. */
export interface KeyPrincipal {
  readonly keyId: string
  readonly prefix: string
  readonly name: string
  readonly organization: ActingOrganization
  readonly scopes: readonly string[]
  readonly allowedIps: readonly string[]
  /** Whether a caller may come from an address; null: from every one. */
  readonly acceptsAddress: ((ip: string) => boolean) | null
  /** What each response tells the holder of a key that is being replaced; null while it is not. */
  readonly retirementHeaders: Readonly<Record<string, string>> | null
  readonly rateLimitPerMinute: number | null
  /** Milliseconds since 1970 on this process's clock, of the key's own expiry or its retirement, whichever comes first; Infinity for never. */
  readonly endsAt: number
  readonly expiresAt: Date | null
  /** When the key ends by its organization's clock: its expiry or its retirement, whichever comes first; null: never. */
  readonly endsOn: Date | null
}

/** A user's access token, or the dashboard's cookie, that was verified. */
export interface UserPrincipal {
  readonly kind: 'access' | 'cookie'
  readonly sessionId: string
  readonly organization: ActingOrganization
  readonly user: ActingUser
  readonly expiresAt: Date
  /** The organization requires a second factor that the user has not set up yet. */
  readonly totpMissing: boolean
}

/** Who is asking, as every later step sees it. */
export interface Actor {
  readonly type: 'api_key' | 'api_key+user' | 'user' | 'session' | 'oauth' | 'interview' | 'operator'
  readonly organization: ActingOrganization
  readonly user: ActingUser | null
  /** What is allowed: the key's scopes and the user's role, intersected where both are present. */
  readonly scopes: readonly string[]
  readonly key: KeyPrincipal | null
  readonly sessionId: string | null
  /** The one interview that an interview session opens. */
  readonly interviewId?: string
  /** SHA-256 of the token of that interview session. */
  readonly interviewSession?: Buffer
  /** The user must set a second factor up before anything else. */
  readonly totpMissing?: boolean
  readonly credential: {
    readonly id: string
    readonly prefix: string
    readonly name: string | null
    readonly expiresAt: Date | null
  }
}

/** The scopes that two grants both allow. */
function intersectScopes(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one.includes('*')) return other
  if (other.includes('*')) return one
  const both = scopes.filter((scope) => covers(one, scope) && covers(other, scope))
  return both.filter((scope) => !(scope.endsWith(':read') && both.includes(writeOf(scope))))
}

function covers(granted: readonly string[], scope: Scope): boolean {
  return granted.includes(scope) || (scope.endsWith(':read') && granted.includes(writeOf(scope)))
}

function writeOf(scope: Scope): Scope {
  return scope.replace(':read', ':write') as Scope
}

/** A key alone: the organization, server to server. */
export function keyActor(key: KeyPrincipal): Actor {
  return {
    type: 'api_key',
    organization: key.organization,
    user: null,
    scopes: key.scopes,
    key,
    sessionId: null,
    credential: { id: key.keyId, prefix: key.prefix, name: key.name, expiresAt: key.expiresAt },
  }
}

/** A user alone: by an access token on account and settings routes, by the dashboard's cookie wherever the role allows. */
export function userActor(principal: UserPrincipal): Actor {
  const cookie = principal.kind === 'cookie'
  return {
    type: cookie ? 'session' : 'user',
    organization: principal.organization,
    user: principal.user,
    scopes: roleScopes(principal.user.role),
    key: null,
    sessionId: principal.sessionId,
    totpMissing: principal.totpMissing,
    credential: {
      id: principal.sessionId,
      prefix: credentialTypes[cookie ? 'dashboardCookie' : 'accessToken'].prefixes[0],
      name: null,
      expiresAt: principal.expiresAt,
    },
  }
}

/** A key and a user of the same organization: allowed is what both allow. */
export function keyAndUserActor(key: KeyPrincipal, principal: UserPrincipal): Actor {
  return {
    ...keyActor(key),
    type: 'api_key+user',
    user: principal.user,
    scopes: intersectScopes(key.scopes, roleScopes(principal.user.role)),
    sessionId: principal.sessionId,
    totpMissing: principal.totpMissing,
  }
}

/** A candidate's browser: one interview, and nothing else of the organization. */
export function interviewActor(
  organization: ActingOrganization,
  interviewId: string,
  expiresAt: Date,
  interviewSession?: Buffer,
): Actor {
  return {
    type: 'interview',
    organization,
    user: null,
    scopes: [],
    key: null,
    sessionId: null,
    interviewId,
    ...(interviewSession ? { interviewSession } : {}),
    credential: {
      id: interviewId,
      prefix: credentialTypes.interviewToken.prefixes[0],
      name: null,
      expiresAt,
    },
  }
}
