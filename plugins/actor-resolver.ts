import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { environmentOfPrefix } from '../config/environment.ts'
import { claimedPrefix, parseCredential } from '../credentials/format.ts'
import { fingerprint } from '../credentials/secret.ts'
import { isLive, malformed, verifyCookie } from '../operations/credentials/live.ts'
import {
  type ActingOrganization,
  type Actor,
  type KeyPrincipal,
  keyActor,
  keyAndUserActor,
  type UserPrincipal,
  userActor,
} from '../operations/credentials/principals.ts'
import {
  type CredentialVerifier,
  endOfPrincipal,
  type Refusal,
  type Verdict,
} from '../operations/credentials/verifier.ts'
import { verifyInterviewSession } from '../operations/embed/verify.ts'
import { ApiError } from '../schemas/errors.ts'
import { type Presented, readCredentials } from './credentials.ts'
import { refuseCrossSite } from './session-cookie.ts'

// A header was put there on purpose, while a browser sends the cookie along by itself: the header wins.
export function present(app: FastifyInstance, request: FastifyRequest): Presented {
  const presented = readCredentials(request.raw)
  if (presented.style !== 'nothing') return presented
  const cookie = app.cookies.read(request, 'session')
  if (!cookie) return presented
  refuseCrossSite(app, request)
  return { style: 'cookie', cookie }
}

/** One request's try to be recognised. */
interface Attempt {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Of the key that it presents. */
  readonly publicId: string | null
  /** What it gets instead of a 401, as its address or key id failed too often. */
  readonly brake: ApiError | null
}

/** Works out who makes a request. */
export class ActorResolver {
  readonly #app: FastifyInstance
  readonly #verifier: CredentialVerifier
  // One actor a principal and pair, made once: a busy caller costs no object a request.
  readonly #ofKey = new WeakMap<KeyPrincipal, Actor>()
  readonly #ofUser = new WeakMap<UserPrincipal, Actor>()
  readonly #ofPair = new WeakMap<UserPrincipal, { key: KeyPrincipal; actor: Actor }>()

  constructor(app: FastifyInstance, verifier: CredentialVerifier) {
    this.#app = app
    this.#verifier = verifier
  }

  /** Whether all that was presented was verified before and still holds; then the request has its actor. */
  remembered(request: FastifyRequest, presented: Presented): boolean {
    if (presented.style === 'nothing') return false
    const now = Date.now()
    if (presented.style === 'cookie') {
      const principal = this.#verifier.rememberedToken(fingerprint(presented.cookie), 'cookie')
      return principal !== undefined && isLive(principal, now) && this.#becomeUser(request, principal)
    }
    const { bearerPrint } = presented
    if (presented.style === 'bearer') {
      const key = this.#verifier.rememberedKey(bearerPrint)
      if (key) return this.#useKey(request, key, bearerPrint, now)
      const principal = this.#verifier.rememberedToken(bearerPrint)
      return principal !== undefined && isLive(principal, now) && this.#becomeUser(request, principal)
    }
    const { keyPrint } = presented
    const key = this.#verifier.rememberedKey(keyPrint)
    const principal = this.#verifier.rememberedToken(bearerPrint)
    if (!key || !principal || endOfPrincipal(key, now) || !isLive(principal, now)) return false
    if (key.organization.id !== principal.organization.id) return false
    this.#app.sessionUse.note(principal, now)
    return this.#become(request, this.#pairActor(key, principal), keyPrint)
  }

  /** The slow way, for who is not known yet: parse, brake, look up, hash. */
  async resolve(request: FastifyRequest, reply: FastifyReply, presented: Presented): Promise<void> {
    if (presented.style === 'nothing') {
      reply.header('www-authenticate', 'Bearer')
      throw new ApiError('UNAUTHORIZED', 'Missing credentials', {
        reason: 'missing_credentials',
        hint: 'Send Authorization: Bearer <API key>, or x-api-key with Authorization: Bearer <access token>',
      })
    }
    if (presented.style === 'cookie') {
      this.#becomeUser(request, await this.#verifyCookie(request, reply, presented.cookie))
      return
    }
    const attempt = await this.#attempt(request, reply, presented)
    if (presented.style === 'bearer') {
      if (presented.bearer.startsWith('sk_')) {
        const key = await this.#verifyKey(attempt, presented.bearer)
        this.#become(request, keyActorOf(this.#ofKey, key), presented.bearerPrint)
        return
      }
      if (presented.bearer.startsWith('ist_')) {
        const { principal, refusal } = await verifyInterviewSession(this.#app.database, presented.bearer)
        if (!principal) throw await this.#refuse(attempt, 'Invalid bearer token', refusal)
        this.#become(request, principal, null)
        return
      }
      const principal = await this.#verifyToken(attempt, presented.bearer)
      this.#becomeUser(request, principal)
      return
    }
    const key = await this.#verifyKey(attempt, presented.key).catch(async (error: unknown) => {
      await this.#tieToUser(request, presented.bearer)
      throw error
    })
    const principal = await this.#verifyToken(attempt, presented.bearer).catch((error: unknown) => {
      tieTo(request, key.organization)
      throw error
    })
    if (principal.organization.id !== key.organization.id) {
      throw await this.#refuse(attempt, 'Invalid bearer token', {
        reason: 'token_of_another_organization',
        organizationId: key.organization.id,
        keyId: key.keyId,
      })
    }
    this.#app.sessionUse.note(principal, Date.now())
    this.#become(request, this.#pairActor(key, principal), presented.keyPrint)
  }

  // A cookie that is over is not counted as a failure: the browser sends it along by itself until it is told not to.
  async #verifyCookie(request: FastifyRequest, reply: FastifyReply, text: string): Promise<UserPrincipal> {
    const verdict = await verifyCookie(this.#verifier, text)
    if (verdict.principal) return verdict.principal
    request.refusal = verdict.refusal
    this.#app.cookies.clear(reply, 'session')
    reply.header('www-authenticate', 'Bearer')
    throw new ApiError('UNAUTHORIZED', 'The session has ended: log in', { reason: verdict.refusal.reason })
  }

  async #attempt(
    request: FastifyRequest,
    reply: FastifyReply,
    presented: Exclude<Presented, { style: 'nothing' | 'cookie' }>,
  ): Promise<Attempt> {
    const parsed = parseCredential(presented.style === 'bearer' ? presented.bearer : presented.key)
    const publicId = parsed?.kind === 'apiKey' ? parsed.publicId : null
    return { request, reply, publicId, brake: await this.#app.limits.brakeOf(request, publicId) }
  }

  async #verifyKey(attempt: Attempt, text: string): Promise<KeyPrincipal> {
    attempt.request.keyFingerprint = fingerprint(text)
    const parsed = parseCredential(text)
    const verdict: Verdict<KeyPrincipal> =
      parsed?.kind === 'apiKey' ? await this.#verifier.verifyKey(text, parsed) : malformed
    const ended = verdict.principal && endOfPrincipal(verdict.principal, Date.now())
    if (verdict.principal && !ended) return verdict.principal
    const refusal: Refusal = verdict.refusal ?? {
      reason: ended ?? 'unknown_key',
      organizationId: verdict.principal?.organization.id ?? null,
      keyId: verdict.principal?.keyId ?? null,
    }
    throw await this.#refuse(attempt, 'Invalid API key', refusal, this.#hintFor(text))
  }

  async #verifyToken(attempt: Attempt, text: string): Promise<UserPrincipal> {
    const parsed = parseCredential(text)
    const verdict: Verdict<UserPrincipal> =
      parsed?.kind === 'accessToken' ? await this.#verifier.verifyToken(text) : malformed
    if (verdict.principal && isLive(verdict.principal, Date.now())) return verdict.principal
    const refusal = verdict.refusal ?? {
      reason: 'token_expired',
      organizationId: verdict.principal?.organization.id ?? null,
      keyId: null,
    }
    const hint = claimedPrefix(text) ? undefined : 'A bearer is an API key (sk_…) or an access token (at_…)'
    throw await this.#refuse(attempt, 'Invalid bearer token', refusal, hint)
  }

  // Who failed too often is told so instead, and not told whether this one was right: a good one never comes here.
  async #refuse(attempt: Attempt, message: string, refusal: Refusal, hint?: string): Promise<ApiError> {
    const { request, reply, brake, publicId } = attempt
    request.refusal = refusal
    if (brake) return brake
    reply.header('www-authenticate', 'Bearer error="invalid_token"')
    await this.#app.limits.countFailure(request, refusal.keyId ? publicId : null)
    return new ApiError('UNAUTHORIZED', message, { reason: refusal.reason, ...(hint ? { hint } : {}) })
  }

  // A refused key that belongs to nobody here: who sent it is known all the same where the user's token is good.
  async #tieToUser(request: FastifyRequest, text: string): Promise<void> {
    if (request.refusal?.organizationId !== null || parseCredential(text)?.kind !== 'accessToken') return
    const { principal } = await this.#verifier.verifyToken(text)
    if (principal && isLive(principal, Date.now())) tieTo(request, principal.organization)
  }

  /** Drawn from the prefix alone: which environment it names is no secret. */
  #hintFor(text: string): string | undefined {
    const named = environmentOfPrefix(claimedPrefix(text) ?? '')
    const here = this.#app.config.environment.name
    if (!named || named === here) return undefined
    return `This key is of the ${named} environment; this is ${here}`
  }

  #useKey(request: FastifyRequest, key: KeyPrincipal, print: string, now: number): boolean {
    return !endOfPrincipal(key, now) && this.#become(request, keyActorOf(this.#ofKey, key), print)
  }

  #becomeUser(request: FastifyRequest, principal: UserPrincipal): true {
    const actor = this.#ofUser.get(principal) ?? userActor(principal)
    this.#ofUser.set(principal, actor)
    this.#app.sessionUse.note(principal, Date.now())
    return this.#become(request, actor, null)
  }

  #pairActor(key: KeyPrincipal, principal: UserPrincipal): Actor {
    const known = this.#ofPair.get(principal)
    if (known?.key === key) return known.actor
    const actor = keyAndUserActor(key, principal)
    this.#ofPair.set(principal, { key, actor })
    return actor
  }

  #become(request: FastifyRequest, actor: Actor, keyPrint: string | null): true {
    request.actor = actor
    request.organization = actor.organization
    request.user = actor.user
    request.keyFingerprint = keyPrint
    return true
  }
}

/** Lets an organization see a refusal that nobody could see yet. It proved who it is by the other credential. */
function tieTo(request: FastifyRequest, organization: ActingOrganization): void {
  const { refusal } = request
  if (refusal?.organizationId === null) request.refusal = { ...refusal, organizationId: organization.id }
}

function keyActorOf(made: WeakMap<KeyPrincipal, Actor>, key: KeyPrincipal): Actor {
  const actor = made.get(key) ?? keyActor(key)
  made.set(key, actor)
  return actor
}
