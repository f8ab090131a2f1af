import type { FastifyRequest } from 'fastify'
import { signUp } from '../operations/accounts/accounts.ts'
import { logIn } from '../operations/accounts/log-in.ts'
import { refreshSession } from '../operations/accounts/refresh.ts'
import { openSession } from '../operations/sessions/open.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { Login, LoginBody, OrganizationChoice, RefreshBody, SignupBody } from '../schemas/accounts.ts'
import { ApiError } from '../schemas/errors.ts'
import { type Api, answers } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'

/**
 * Lets a sign-up in where the server is open to strangers, and counts it for the client's address.
 * @throws ApiError 403 where it is not, 429 for too many from one address
 */
export async function admitSignup(app: Api, request: FastifyRequest): Promise<void> {
  if (app.config.signup === 'closed') {
    throw new ApiError('FORBIDDEN', 'Sign-up is closed here: ask the operator for an organization', {
      reason: 'signup_closed',
    })
  }
  await app.limits.countSignup(request)
}

/** Accounts: sign up, log in, refresh, log out. */
export async function authRoutes(app: Api): Promise<void> {
  const { config, database } = app

  app.addHook('onRequest', noStore)

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
      await admitSignup(app, request)
      const place = app.placeOf(request, request.body.email)
      const login = await signUp(
        database,
        config,
        request.body,
        (organizationId, userId) => publicAuditContextOf(request, organizationId, userId),
        async (tx, member) => (await openSession(tx, config, member, place)).login,
      )
      return reply.code(201).send(login)
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
        response: answers({ 200: Login, 409: OrganizationChoice }, 400, 401, 403, 429),
      },
    },
    (request) =>
      countingFailures(app, request, () =>
        logIn(app, request.body, app.placeOf(request, request.body.email)),
      ),
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
    (request) =>
      countingFailures(app, request, async () => {
        const outcome = await refreshSession(database, config, request.body.refreshToken)
        if ('login' in outcome) return outcome.login
        await app.changes.settle(outcome.tags)
        throw new ApiError('UNAUTHORIZED', 'Invalid refresh token', { reason: outcome.refused })
      }),
  )
}
