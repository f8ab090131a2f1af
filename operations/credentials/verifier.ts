import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'
import { type EnvironmentName, environmentOfPrefix } from '../../config/environment.ts'
import { displayPrefix, type ParsedCredential } from '../../credentials/format.ts'
import { fingerprint, secretTag, sha256, verifySecret } from '../../credentials/secret.ts'
import { type Loaded, VerifiedCache } from '../../credentials/verified-cache.ts'
import type { Database } from '../../db/connect.ts'
import { findPresentedKeys, type PresentedKey } from '../../db/queries/keys.ts'
import { findPresentedTokens, type PresentedToken } from '../../db/queries/sessions.ts'
import type { Reason } from '../../schemas/reasons.ts'
import { loadedKey, loadedToken } from './loaded.ts'
import type { KeyPrincipal, UserPrincipal } from './principals.ts'

/** Why a credential was refused: for the access log and the credential's owner, never for the caller. */
export interface Refusal {
  readonly reason: Reason
  readonly organizationId: string | null
  readonly keyId: string | null
}

/** A look-up's answer: the principal, or why there is none. */
export type Verdict<P> =
  | { readonly principal: P; readonly refusal: null }
  | { readonly principal: null; readonly refusal: Refusal }

const CACHED_CREDENTIALS = 50_000
const LOOKUP_BATCH = 500

/**
 * Verifies what callers present. bcrypt runs once for a key and process; what was verified is remembered under the
 * credential's SHA-256 and used while the process holds its lease (operations/revocation), until a change is announced.
 * Without a lease every request asks the database, and still not bcrypt: that a text belongs to a hash stays true.
 */
export class CredentialVerifier {
  /** Credentials that the cache answered for, and those that were looked up, since the start. */
  readonly counts = { cached: 0, lookedUp: 0 }
  readonly #environment: EnvironmentName
  readonly #keys = new VerifiedCache<Verdict<KeyPrincipal>>(CACHED_CREDENTIALS)
  readonly #tokens = new VerifiedCache<Verdict<UserPrincipal>>(CACHED_CREDENTIALS)
  /** By fingerprint, a bcrypt hash and whether the text was found to belong to it. */
  readonly #proofs = new LRUCache<string, { hash: string; right: boolean }>({ max: CACHED_CREDENTIALS })
  readonly #proving = new Map<string, Promise<boolean>>()
  // What is looked up in one turn of the event loop is one query: a flood of invented ids costs few of them.
  readonly #keyRows: DataLoader<string, PresentedKey | null>
  readonly #tokenRows: DataLoader<Buffer, PresentedToken | null, string>
  #trusted: () => boolean = () => false

  constructor(database: Database, environment: EnvironmentName) {
    this.#environment = environment
    this.#keyRows = new DataLoader(
      async (publicIds) => {
        const rows = new Map((await findPresentedKeys(database, publicIds)).map((row) => [row.publicId, row]))
        return publicIds.map((publicId) => rows.get(publicId) ?? null)
      },
      { cache: false, maxBatchSize: LOOKUP_BATCH },
    )
    this.#tokenRows = new DataLoader(
      async (hashes) => {
        const found = await findPresentedTokens(database, hashes)
        const rows = new Map(found.map((row) => [row.hash.toString('latin1'), row]))
        return hashes.map((hash) => rows.get(hash.toString('latin1')) ?? null)
      },
      { cache: false, maxBatchSize: LOOKUP_BATCH },
    )
  }

  /** Who says whether this process may answer from memory: nobody before the first lease. */
  trustWhile(trusted: () => boolean): void {
    this.#trusted = trusted
  }

  /** What is remembered of a key by its fingerprint: no hash of bcrypt, no query. */
  rememberedKey(print: string): KeyPrincipal | undefined {
    const principal = this.#trusted() ? (this.#keys.get(print)?.principal ?? undefined) : undefined
    if (principal) this.counts.cached += 1
    return principal
  }

  /** What is remembered of an access token, or of the dashboard's cookie, by its fingerprint. */
  rememberedToken(print: string, kind: UserPrincipal['kind'] = 'access'): UserPrincipal | undefined {
    const principal = this.#trusted() ? this.#tokens.get(print)?.principal : undefined
    if (principal?.kind !== kind) return undefined
    this.counts.cached += 1
    return principal
  }

  /** Verifies a key whose text is whole. One look-up and one bcrypt serve all who present it at once. */
  async verifyKey(text: string, parsed: ParsedCredential): Promise<Verdict<KeyPrincipal>> {
    if (environmentOfPrefix(parsed.prefix) !== this.#environment) return refused('wrong_environment').value
    const print = fingerprint(text)
    return this.#answer(this.#keys, print, () => this.#lookUpKey(print, parsed))
  }

  /** Verifies an access token, or the dashboard's cookie, whose text is whole. */
  async verifyToken(text: string, kind: UserPrincipal['kind'] = 'access'): Promise<Verdict<UserPrincipal>> {
    return this.#answer(this.#tokens, fingerprint(text), async () => {
      const row = await this.#tokenRows.load(sha256(text))
      if (row?.kind !== kind) return refused('unknown_token')
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

  // A crowd's shared look-up may have begun before a change that a process without a lease has not heard of: there,
  // and where the lease ended meanwhile, each request looks for itself, after it came.
  async #answer<P>(
    cache: VerifiedCache<Verdict<P>>,
    print: string,
    look: () => Promise<Loaded<Verdict<P>>>,
  ): Promise<Verdict<P>> {
    this.counts.lookedUp += 1
    if (this.#trusted()) {
      const verdict = await cache.load(print, look)
      if (this.#trusted()) return verdict
    }
    return (await look()).value
  }

  async #lookUpKey(print: string, parsed: ParsedCredential): Promise<Loaded<Verdict<KeyPrincipal>>> {
    const row = await this.#keyRows.load(parsed.publicId)
    if (!row || row.prefix !== displayPrefix(parsed)) return refused('unknown_key')
    const ended = endOf(row)
    if (ended) return refused(ended, row)
    if (!(await this.#belongs(print, parsed.secret, row))) return refused('wrong_secret', row)
    return loadedKey(row)
  }

  async #belongs(print: string, secret: string, row: PresentedKey): Promise<boolean> {
    if (secretTag(secret) !== row.secretTag) return false
    const proof = this.#proofs.get(print)
    if (proof?.hash === row.secretHash) return proof.right
    const proving = this.#proving.get(print) ?? verifySecret(secret, row.secretHash)
    this.#proving.set(print, proving)
    try {
      const right = await proving
      this.#proofs.set(print, { hash: row.secretHash, right })
      return right
    } finally {
      this.#proving.delete(print)
    }
  }
}

function endOf(row: PresentedKey): Reason | null {
  if (row.revokedAt) return 'key_revoked'
  if (row.remainingMs === null || row.remainingMs > 0) return null
  return row.retiresAt && (!row.expiresAt || row.retiresAt < row.expiresAt) ? 'key_retired' : 'key_expired'
}

function refused(reason: Reason, row?: { organizationId: string; id?: string }): Loaded<Verdict<never>> {
  const refusal = { reason, organizationId: row?.organizationId ?? null, keyId: row?.id ?? null }
  // Not kept; but who waits for a look-up that a change overtook is not refused for what it read before.
  return { value: { principal: null, refusal }, tags: row?.id ? [`key:${row.id}`] : [], keep: false }
}
