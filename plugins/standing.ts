import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ParsedCredential, parseCredential } from '../credentials/format.ts'
import { isLive, malformed, verifyCookie } from '../operations/credentials/live.ts'
import {
  type Actor,
  type KeyPrincipal,
  keyActor,
  keyAndUserActor,
  type UserPrincipal,
  userActor,
} from '../operations/credentials/principals.ts'
import { endOfPrincipal } from '../operations/credentials/verifier.ts'
import { refusalOfRequest } from './access.ts'
import { readCredentials } from './credentials.ts'

/**
 * Whether whoever made a request would still be let in with what it presented: for answers that go on long after the
 * request, whose credential may be revoked, expire or be allowed less meanwhile. What the process remembers of a
 * credential answers it, so that it may be asked every second.
 */
export async function stillStands(app: FastifyInstance, request: FastifyRequest): Promise<boolean> {
  const before = request.actor
  if (!before) return false
  const actor = await actorNow(app, request)
  if (!actor || actor.organization.id !== before.organization.id) return false
  if (actor.key?.acceptsAddress && !actor.key.acceptsAddress(request.address)) return false
  return refusalOfRequest(request, actor) === null
}

async function actorNow(app: FastifyInstance, request: FastifyRequest): Promise<Actor | null> {
  const presented = readCredentials(request.raw)
  if (presented.style === 'nothing' || presented.style === 'cookie') {
    const cookie = app.cookies.read(request, 'session')
    const { principal } = cookie === null ? malformed : await verifyCookie(app.verifier, cookie)
    return principal && isLive(principal, Date.now()) ? userActor(principal) : null
  }
  if (presented.style === 'bearer' && presented.bearer.startsWith('sk_')) {
    const key = await keyNow(app, presented.bearer)
    return key && keyActor(key)
  }
  const user = await tokenNow(app, presented.bearer)
  if (!user || presented.style === 'bearer') return user && userActor(user)
  const key = await keyNow(app, presented.key)
  return key && key.organization.id === user.organization.id ? keyAndUserActor(key, user) : null
}

async function keyNow({ verifier }: FastifyInstance, text: string): Promise<KeyPrincipal | null> {
  const { principal } = await verifier.verifyKey(text, parseCredential(text) as ParsedCredential)
  return principal && !endOfPrincipal(principal, Date.now()) ? principal : null
}

async function tokenNow({ verifier }: FastifyInstance, text: string): Promise<UserPrincipal | null> {
  const { principal } = await verifier.verifyToken(text)
  return principal && isLive(principal, Date.now()) ? principal : null
}
