import type { FastifyRequest } from 'fastify'
import { actorOf } from '../plugins/access.ts'
import { Login, LoginBody, RefreshBody, SignupBody } from '../schemas/accounts.ts'
import { ApiError } from '../schemas/errors.ts'
import { logIn, signUp } from '../services/accounts/accounts.ts'
import { closeSession, refreshSession } from '../services/accounts/sessions.ts'
import { type Api, answers, noContent } from './api.ts'

const LONGEST_AGENT = 300

/** Accounts: sign up, log in, refresh, log out. */
export async function authRoutes(app: Api): Promise<void> {
  const { config, database, limits } = app

  // Tokens must not stay in a cache on the way (RFC 6749, 5.1).
  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))

  app.post(
    '/auth/signup',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'signUp',
        summary: 'Sign up: an organization and its owner',
        body: SignupBody,
        response: answers({ 201: Login }, 400, 403, 409, 429),
      },
    },
    async (request, reply) => {
      if (config.signup === 'closed') {
        throw new ApiError('FORBIDDEN', 'Sign-up is closed here: ask the operator for an organization')
      }
      await limits.countSignup(request)
      return reply.code(201).send(await signUp(database, config, request.body, originOf(request)))
    },
  )

  app.post(
    '/auth/login',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'logIn',
        summary: 'Log in: a bearer token for a user',
        body: LoginBody,
        response: answers({ 200: Login }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      await limits.checkFailures(request)
      return countingFailures(request, () => logIn(database, config, request.body, originOf(request)))
    },
  )

  app.post(
    '/auth/refresh',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'refresh',
        summary: 'Exchange a refresh token for a new pair',
        body: RefreshBody,
        response: answers({ 200: Login }, 400, 401, 429),
      },
    },
    async (request) => {
      await limits.checkFailures(request)
      return countingFailures(request, () => refreshSession(database, config, request.body.refreshToken))
    },
  )

  app.post(
    '/auth/logout',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'logOut',
        summary: 'Log out: the session and its tokens end',
        response: answers({ 204: noContent }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      const { organization, sessionId } = actorOf(request)
      if (sessionId) {
        await closeSession(database, config, organization.id, sessionId)
        await app.changes.settle([`session:${sessionId}`])
      }
      return reply.code(204).send(null)
    },
  )

  async function countingFailures<T>(request: FastifyRequest, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof ApiError && error.statusCode === 401) await limits.countFailure(request)
      throw error
    }
  }
}

function originOf(request: FastifyRequest) {
  return { ip: request.ip, userAgent: request.headers['user-agent']?.slice(0, LONGEST_AGENT) ?? null }
}
