import { type ParsedCredential, parseCredential } from '../../credentials/format.ts'
import type { RequestCredentialKind } from '../../credentials/types.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import {
  lockInterviewStanding,
  lockKeyStanding,
  lockUserStanding,
  type StandingLock,
} from '../../db/queries/standing.ts'
import type { Reason } from '../../schemas/reasons.ts'
import { verifyInterviewSession } from './interview-session.ts'
import { type Actor, type KeyPrincipal, keyActor, type UserPrincipal, userActor } from './principals.ts'
import type { CredentialVerifier, Refusal, Verdict } from './verifier.ts'

/** What the look-up of a credential needs. */
export interface CredentialTools {
  readonly verifier: CredentialVerifier
  readonly database: Database
}

/** What the server does with one type of credential that a request may present. */
export interface RequestCredential<P extends object> {
  /** What a caller reads whose credential of this type is refused. */
  readonly refused: 'Invalid API key' | 'Invalid bearer token'
  /** What this process has cached under a fingerprint; undefined: look it up. */
  cached(verifier: CredentialVerifier, fingerprint: string): P | undefined
  /** Looks a credential up whose text is whole. */
  verify(tools: CredentialTools, text: string, parsed: ParsedCredential): Promise<Verdict<P>>
  /** Why a cached principal has ended since; null while it lives. @param now milliseconds since 1970 */
  endOf(principal: P, now: number): Reason | null
  /** To whose log the refusal of a principal that has ended belongs. */
  ownerOf(principal: P): Omit<Refusal, 'reason'>
  /** Who is asking, by this credential alone. */
  actor(principal: P): Actor
  /** The session that is in use now, where it is a user's. */
  session(principal: P): UserPrincipal | null
  /** The rows that the credential consists of. */
  rows(actor: Actor): readonly StandingRow[]
  /** What must be looked up again where the credential does not stand any more. */
  tags(actor: Actor): readonly string[]
}

/** A row of a credential, which a write locks. */
export interface StandingRow {
  readonly kind: 'membership' | 'key' | 'interview'
  readonly id: string
  /**
   * Locks it until the transaction ends, with what hangs on it. The query is sent before this returns.
   * @returns whether it still is as the actor was made of it
   */
  check(tx: Queryable, lock: StandingLock): Promise<boolean>
}

/** What each type of credential stands for. */
interface Principals {
  apiKey: KeyPrincipal
  accessToken: UserPrincipal
  dashboardCookie: UserPrincipal
  interviewToken: Actor
}

const user = {
  refused: 'Invalid bearer token',
  endOf: ({ expiresAt }, now) => (expiresAt.getTime() > now ? null : 'token_expired'),
  ownerOf: ({ organization }) => ({ organizationId: organization.id, keyId: null }),
  actor: once(userActor),
  session: (principal) => principal,
  rows({ organization, sessionId, user: acting }) {
    if (acting === null || sessionId === null) return []
    const check: StandingRow['check'] = (tx, lock) =>
      lockUserStanding(tx, organization.id, sessionId, acting.id, lock).then(
        ([now]) => now?.live === true && now.role === acting.role,
      )
    return [{ kind: 'membership', id: acting.id, check }]
  },
  tags: ({ user: acting, sessionId }) => [`user:${acting?.id}`, `session:${sessionId}`],
} satisfies Omit<RequestCredential<UserPrincipal>, 'cached' | 'verify'>

/**
 * Every type of credential by which a request may say who is asking. A type of credentials/types.ts that is presented
 * and has no entry here, or an entry that lacks a part, does not compile.
 */
export const requestCredentials: {
  readonly [Kind in RequestCredentialKind]: RequestCredential<Principals[Kind]>
} = {
  apiKey: {
    refused: 'Invalid API key',
    cached: (verifier, fingerprint) => verifier.rememberedKey(fingerprint),
    verify: ({ verifier }, text, parsed) => verifier.verifyKey(text, parsed),
    endOf: ({ endsAt }, now) => (endsAt <= now ? 'key_expired' : null),
    ownerOf: ({ organization, keyId }) => ({ organizationId: organization.id, keyId }),
    actor: once(keyActor),
    session: () => null,
    rows({ organization, key }) {
      if (key === null) return []
      const check: StandingRow['check'] = (tx, lock) =>
        lockKeyStanding(tx, organization.id, key.keyId, lock).then(
          ([now]) =>
            now?.live === true &&
            sameTexts(now.scopes, key.scopes) &&
            sameTexts(now.allowedIps, key.allowedIps) &&
            now.endsOn?.getTime() === key.endsOn?.getTime(),
        )
      return [{ kind: 'key', id: key.keyId, check }]
    },
    tags: ({ key }) => [`key:${key?.keyId}`],
  },
  accessToken: {
    ...user,
    cached: (verifier, fingerprint) => verifier.rememberedToken(fingerprint),
    verify: ({ verifier }, text) => verifier.verifyToken(text),
  },
  dashboardCookie: {
    ...user,
    cached: (verifier, fingerprint) => verifier.rememberedToken(fingerprint, 'cookie'),
    // One that this process has cached as over is looked up anew: another process may have prolonged it since.
    async verify({ verifier }, text) {
      const known = await verifier.verifyToken(text, 'cookie')
      if (!known.principal || user.endOf(known.principal, Date.now()) === null) return known
      verifier.invalidate(`session:${known.principal.sessionId}`)
      return verifier.verifyToken(text, 'cookie')
    },
  },
  interviewToken: {
    refused: 'Invalid bearer token',
    // Each sign of life of a candidate's browser is written down anyway: nothing is cached, and each look-up is fresh.
    cached: () => undefined,
    verify: ({ database }, text) => verifyInterviewSession(database, text),
    endOf: () => null,
    ownerOf: ({ organization }) => ({ organizationId: organization.id, keyId: null }),
    actor: (principal) => principal,
    session: () => null,
    rows({ organization, interviewId, interviewSession }) {
      if (!interviewId || !interviewSession) return []
      const check: StandingRow['check'] = (tx) =>
        lockInterviewStanding(tx, organization.id, interviewSession).then((rows) => rows.length > 0)
      return [{ kind: 'interview', id: interviewId, check }]
    },
    tags: () => [],
  },
}

/** The credentials that an actor was recognised by. The operator presents none that could end. */
export const credentialsOf: Readonly<Record<Actor['type'], readonly RequestCredentialKind[]>> = {
  api_key: ['apiKey'],
  'api_key+user': ['accessToken', 'apiKey'],
  user: ['accessToken'],
  session: ['dashboardCookie'],
  interview: ['interviewToken'],
  oauth: [],
  operator: [],
}

/** Verifies what a request presents as a credential of a kind, from its text on. What has ended is refused. */
export async function verifyCredential<Kind extends RequestCredentialKind>(
  kind: Kind,
  tools: CredentialTools,
  text: string,
): Promise<Verdict<Principals[Kind]>> {
  const parsed = parseCredential(text)
  if (parsed?.kind !== kind) {
    const refusal = { reason: 'malformed_credential', organizationId: null, keyId: null } as const
    return { principal: null, refusal }
  }
  const entry: RequestCredential<Principals[Kind]> = requestCredentials[kind]
  const verdict = await entry.verify(tools, text, parsed)
  if (!verdict.principal) return verdict
  const reason = entry.endOf(verdict.principal, Date.now())
  return reason ? { principal: null, refusal: { reason, ...entry.ownerOf(verdict.principal) } } : verdict
}

// One actor for each principal: a busy caller costs no object a request.
function once<P extends object>(make: (principal: P) => Actor): (principal: P) => Actor {
  const made = new WeakMap<P, Actor>()
  return (principal) => {
    const known = made.get(principal)
    if (known) return known
    const actor = make(principal)
    made.set(principal, actor)
    return actor
  }
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index])
}
