import type { EnvironmentName } from '../../config/environment.ts'
import { environmentOfPrefix } from '../../config/environment.ts'
import { displayPrefix, type ParsedCredential } from '../../credentials/format.ts'
import { fingerprint, sha256, verifySecret } from '../../credentials/secret.ts'
import { type Loaded, VerifiedCache } from '../../credentials/verified-cache.ts'
import type { Database } from '../../db/connect.ts'
import { findPresentedKey, type PresentedKey } from '../../db/queries/keys.ts'
import { findPresentedToken, type PresentedToken } from '../../db/queries/sessions.ts'
import type { KeyPrincipal, UserPrincipal } from './principals.ts'

/** Why a credential was refused: for the access log and the credential's owner, never for the caller. */
export interface Refusal {
  readonly reason: string
  readonly organizationId: string | null
  readonly keyId: string | null
}

/** A look-up's answer: the principal, or why there is none. */
export type Verdict<P> =
  | { readonly principal: P; readonly refusal: null }
  | { readonly principal: null; readonly refusal: Refusal }

const CACHED_CREDENTIALS = 50_000

/**
 * Verifies what callers present. bcrypt runs once for a key and process: what was verified is remembered under
 * the credential's SHA-256 until a change to it is announced.
 */
export class CredentialVerifier {
  readonly #database: Database
  readonly #environment: EnvironmentName
  readonly #keys = new VerifiedCache<Verdict<KeyPrincipal>>(CACHED_CREDENTIALS)
  readonly #tokens = new VerifiedCache<Verdict<UserPrincipal>>(CACHED_CREDENTIALS)

  constructor(database: Database, environment: EnvironmentName) {
    this.#database = database
    this.#environment = environment
  }

  /** What is remembered of a key by its fingerprint: no hash of bcrypt, no query. */
  rememberedKey(print: string): KeyPrincipal | undefined {
    return this.#keys.get(print)?.principal ?? undefined
  }

  /** What is remembered of an access token by its fingerprint. */
  rememberedToken(print: string): UserPrincipal | undefined {
    return this.#tokens.get(print)?.principal ?? undefined
  }

  /** Verifies a key whose text is whole. One look-up and one bcrypt serve all who present it at once. */
  async verifyKey(text: string, parsed: ParsedCredential): Promise<Verdict<KeyPrincipal>> {
    if (environmentOfPrefix(parsed.prefix) !== this.#environment) return refused('wrong_environment').value
    return this.#keys.load(fingerprint(text), async () => {
      const [row] = await findPresentedKey(this.#database, parsed.publicId)
      if (!row || row.prefix !== displayPrefix(parsed)) return refused('unknown_key')
      const ended = endOf(row)
      if (ended) return refused(ended, row)
      if (!(await verifySecret(parsed.secret, row.secretHash))) return refused('wrong_secret', row)
      return loadedKey(row)
    })
  }

  /** Verifies an access token whose text is whole. */
  async verifyAccessToken(text: string): Promise<Verdict<UserPrincipal>> {
    return this.#tokens.load(fingerprint(text), async () => {
      const [row] = await findPresentedToken(this.#database, sha256(text))
      if (row?.kind !== 'access') return refused('unknown_token')
      if (row.sessionEndedAt) return refused('session_ended', row)
      if (row.expiresAt.getTime() <= Date.now()) return refused('token_expired', row)
      return loadedToken(row)
    })
  }

  /** Forgets everything made of what changed, e.g. `key:key_…`, `session:ses_…`, `user:usr_…`, `organization:org_…`. */
  invalidate(tag: string): void {
    this.#keys.invalidate(tag)
    this.#tokens.invalidate(tag)
  }

  /** Forgets everything: announcements may have been missed. */
  clear(): void {
    this.#keys.clear()
    this.#tokens.clear()
  }
}

/** Whether a remembered key has come to its end since; null while it lives. */
export function endOfPrincipal(key: KeyPrincipal, now: number): 'key_expired' | null {
  return key.endsAt <= now ? 'key_expired' : null
}

function endOf(row: PresentedKey): string | null {
  if (row.revokedAt) return 'key_revoked'
  const now = Date.now()
  if (row.expiresAt && row.expiresAt.getTime() <= now) return 'key_expired'
  if (row.retiresAt && row.retiresAt.getTime() <= now) return 'key_retired'
  return null
}

function refused(reason: string, row?: { organizationId: string; id?: string }): Loaded<Verdict<never>> {
  const refusal = { reason, organizationId: row?.organizationId ?? null, keyId: row?.id ?? null }
  return { value: { principal: null, refusal }, tags: [], keep: false }
}

function loadedKey(row: PresentedKey): Loaded<Verdict<KeyPrincipal>> {
  const organization = { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan }
  const ends = [row.expiresAt, row.retiresAt].map((date) => date?.getTime() ?? Number.POSITIVE_INFINITY)
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
        rateLimitPerMinute: row.rateLimitPerMinute,
        endsAt: Math.min(...ends),
        expiresAt: row.expiresAt,
      },
    },
    keep: true,
    tags: [`key:${row.id}`, `organization:${row.organizationId}`],
  }
}

function loadedToken(row: PresentedToken): Loaded<Verdict<UserPrincipal>> {
  return {
    value: {
      refusal: null,
      principal: {
        sessionId: row.sessionId,
        organization: { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan },
        user: { id: row.userId, email: row.email, name: row.userName, role: row.role },
        expiresAt: row.expiresAt,
      },
    },
    keep: true,
    tags: [`session:${row.sessionId}`, `user:${row.userId}`, `organization:${row.organizationId}`],
  }
}
