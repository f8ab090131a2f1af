import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { environmentOfPrefix } from '../config/environment.ts'
import { claimedPrefix, parseCredential } from '../credentials/format.ts'
import { fingerprint } from '../credentials/secret.ts'
import { credentialTypes, type RequestCredentialKind } from '../credentials/types.ts'
import {
  type ActingOrganization,
  type Actor,
  type KeyPrincipal,
  keyAndUserActor,
  type UserPrincipal,
} from '../operations/credentials/principals.ts'
import {
  type CredentialTools,
  type RequestCredential,
  requestCredentials,
  verifyCredential,
} from '../operations/credentials/registry.ts'
import type { CredentialVerifier, Refusal } from '../operations/credentials/verifier.ts'
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

const { apiKey, accessToken } = requestCredentials

/** Works out who makes a request. */
export class ActorResolver {
  readonly #app: FastifyInstance
  readonly #tools: CredentialTools
  // One actor a pair, made once: a busy caller costs no object a request.
  readonly #ofPair = new WeakMap<UserPrincipal, { key: KeyPrincipal; actor: Actor }>()

  constructor(app: FastifyInstance, verifier: CredentialVerifier) {
    this.#app = app
    this.#tools = { verifier, database: app.database }
  }

  /** Whether all that was presented was verified before and still holds; then the request has its actor. */
  remembered(request: FastifyRequest, presented: Presented): boolean {
    const now = Date.now()
    switch (presented.style) {
      case 'nothing':
        return false
      case 'cookie':
        return this.#recall(request, 'dashboardCookie', fingerprint(presented.cookie), now)
      case 'bearer':
        return this.#recall(request, presented.kind, presented.bearerPrint, now)
      case 'keyAndBearer': {
        const key = cached(apiKey, this.#tools.verifier, presented.keyPrint, now)
        const principal = cached(accessToken, this.#tools.verifier, presented.bearerPrint, now)
        if (!key || !principal || key.organization.id !== principal.organization.id) return false
        return this.#becomePair(request, key, principal, presented.keyPrint)
      }
    }
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
    if (presented.style === 'cookie') return this.#resolveCookie(request, reply, presented.cookie)
    const attempt = await this.#attempt(request, reply, presented)
    if (presented.style === 'bearer') {
      const { kind, bearer, bearerPrint } = presented
      this.#become(request, kind, await this.#verify(attempt, kind, bearer, bearerPrint), bearerPrint)
      return
    }
    const { bearer, bearerPrint, keyPrint } = presented
    const key = await this.#verify(attempt, 'apiKey', presented.key, keyPrint).catch(async (error) => {
      await this.#tieToUser(request, bearer)
      throw error
    })
    const principal = await this.#verify(attempt, 'accessToken', bearer, bearerPrint).catch((error) => {
      tieTo(request, key.organization)
      throw error
    })
    if (principal.organization.id !== key.organization.id) {
      const refusal = { reason: 'token_of_another_organization', ...apiKey.ownerOf(key) } as const
      throw await this.#refuse(attempt, accessToken.refused, refusal)
    }
    this.#becomePair(request, key, principal, keyPrint)
  }

  // A cookie that is over is not counted as a failure: the browser sends it along by itself until it is told not to.
  async #resolveCookie(request: FastifyRequest, reply: FastifyReply, text: string): Promise<void> {
    const { principal, refusal } = await verifyCredential('dashboardCookie', this.#tools, text)
    if (principal) {
      this.#become(request, 'dashboardCookie', principal, fingerprint(text))
      return
    }
    request.refusal = refusal
    this.#app.cookies.clear(reply, 'session')
    reply.header('www-authenticate', 'Bearer')
    throw new ApiError('UNAUTHORIZED', 'The session has ended: log in', { reason: refusal.reason })
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

  /** @throws ApiError 401 for what is no live credential of the kind */
  async #verify<Kind extends RequestCredentialKind>(
    attempt: Attempt,
    kind: Kind,
    text: string,
    print: string,
  ) {
    if (credentialTypes[kind].loggedByFingerprint) attempt.request.keyFingerprint = print
    const verdict = await verifyCredential(kind, this.#tools, text)
    if (verdict.refusal === null) return verdict.principal
    const { refused } = requestCredentials[kind]
    throw await this.#refuse(attempt, refused, verdict.refusal, this.#hintFor(kind, text))
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
    if (request.refusal?.organizationId !== null) return
    const { principal } = await verifyCredential('accessToken', this.#tools, text)
    if (principal) tieTo(request, principal.organization)
  }

  /** Drawn from the prefix alone: which environment it names is no secret. */
  #hintFor(kind: RequestCredentialKind, text: string): string | undefined {
    const prefix = claimedPrefix(text)
    if (kind !== 'apiKey')
      return prefix ? undefined : 'A bearer is an API key (sk_…) or an access token (at_…)'
    const named = environmentOfPrefix(prefix ?? '')
    const here = this.#app.config.environment.name
    if (!named || named === here) return undefined
    return `This key is of the ${named} environment; this is ${here}`
  }

  #recall(request: FastifyRequest, kind: RequestCredentialKind, print: string, now: number): boolean {
    const entry: RequestCredential<object> = requestCredentials[kind]
    const principal = cached(entry, this.#tools.verifier, print, now)
    return principal !== undefined && this.#become(request, kind, principal, print)
  }

  #become(request: FastifyRequest, kind: RequestCredentialKind, principal: object, print: string): true {
    const entry: RequestCredential<object> = requestCredentials[kind]
    const session = entry.session(principal)
    if (session) this.#app.sessionUse.note(session, Date.now())
    return become(request, entry.actor(principal), credentialTypes[kind].loggedByFingerprint ? print : null)
  }

  #becomePair(request: FastifyRequest, key: KeyPrincipal, principal: UserPrincipal, keyPrint: string): true {
    this.#app.sessionUse.note(principal, Date.now())
    const known = this.#ofPair.get(principal)
    if (known?.key === key) return become(request, known.actor, keyPrint)
    const actor = keyAndUserActor(key, principal)
    this.#ofPair.set(principal, { key, actor })
    return become(request, actor, keyPrint)
  }
}

/** What is cached of a credential and has not ended since. */
function cached<P extends object>(
  entry: RequestCredential<P>,
  verifier: CredentialVerifier,
  print: string,
  now: number,
): P | undefined {
  const principal = entry.cached(verifier, print)
  return principal && entry.endOf(principal, now) === null ? principal : undefined
}

function become(request: FastifyRequest, actor: Actor, keyPrint: string | null): true {
  request.actor = actor
  request.organization = actor.organization
  request.user = actor.user
  request.keyFingerprint = keyPrint
  return true
}

/** Lets an organization see a refusal that nobody could see yet. It proved who it is by the other credential. */
function tieTo(request: FastifyRequest, organization: ActingOrganization): void {
  const { refusal } = request
  if (refusal?.organizationId === null) request.refusal = { ...refusal, organizationId: organization.id }
}
