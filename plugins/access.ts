import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Actor } from '../operations/credentials/principals.ts'
import { allows, type Scope } from '../schemas/access.ts'
import { ApiError } from '../schemas/errors.ts'
import type { LoggedReason } from '../schemas/reasons.ts'

/**
 * What a route needs of its caller:
 * `public` nothing; `authenticated` anyone who is known to an organization; `user` a person; `key` an API key;
 * `interview` a candidate's interview session, which opens nothing else; or a scope.
 */
export type Access = 'public' | 'authenticated' | 'user' | 'key' | 'interview' | Exclude<Scope, '*'>

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Also for who has yet to set up the second factor that their organization requires. */
    beforeSecondFactor?: boolean
  }
}

// Settings that people see to without a key: on these a user's token alone is enough.
const settings = new Set(['webhooks', 'keys', 'logs', 'members', 'organization'])

/** Compares what each route declared with what the actor may. A route that declares nothing stops the start. */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.access === undefined) {
        throw new Error(`${String(route.method)} ${route.url} declares no access`)
      }
    })
    app.addHook('onRequest', (request, _reply, done) => {
      done(refusalOf(request, request.actor as Actor) ?? undefined)
    })
  },
  { name: 'access', dependencies: ['context'] },
)

/** Why an actor is not let in where a request goes, or null. */
export function refusalOf(request: FastifyRequest, actor: Actor): ApiError | null {
  const { access = 'authenticated', beforeSecondFactor } = request.routeOptions.config
  if (access === 'public') return null
  if (actor.totpMissing && !beforeSecondFactor) return secondFactorMissing(actor)
  return refusal(access, actor)
}

function refusal(access: Exclude<Access, 'public'>, actor: Actor): ApiError | null {
  if (access === 'interview') {
    return actor.type === 'interview' ? null : forbidden('an interview session', 'no_interview_session')
  }
  if (actor.type === 'interview') return forbidden('more than an interview session', 'interview_session')
  if (access === 'authenticated') return null
  if (access === 'user') return actor.user ? null : forbidden('a user', 'no_user')
  if (access === 'key') return actor.key ? null : forbidden('an API key', 'no_key')
  if (actor.type === 'user' && !settings.has(access.slice(0, access.indexOf(':')))) {
    return new ApiError('BAD_REQUEST', 'x-api-key is required beside an access token on this route', {
      reason: 'api_key_required',
      details: [{ path: 'headers.x-api-key', message: 'is required' }],
    })
  }
  return allows(actor.scopes, access) ? null : needsScope(access)
}

/** 403 that names the scope, for a route that learns only on the way what it needs. */
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

/** The actor of a request whose route needs one. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('a public route has no actor')
  return request.actor
}
