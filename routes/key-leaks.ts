import type { FastifyRequest } from 'fastify'
import { isSignedByPartner } from '../operations/keys/leak-keys.ts'
import { handleLeaks } from '../operations/keys/leaks.ts'
import { originOf } from '../plugins/operations.ts'
import { ApiError, badRequest } from '../schemas/errors.ts'
import { readJson } from '../schemas/json-text.ts'
import { LeakFeedbacks, LeakHeaders, LeakReports } from '../schemas/leaks.ts'
import { type Api, answers } from './api.ts'

const BODY_LIMIT = 1024 * 1024

/** Keys that a secret-scanning partner found in public: GitHub's partner programme has the form. */
export async function keyLeakRoutes(app: Api): Promise<void> {
  // The signature is over the body's very bytes: they are read as they came, and parsed once it was found good.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )

  app.post(
    '/keys/leaks',
    {
      config: { access: 'public' },
      bodyLimit: BODY_LIMIT,
      schema: {
        tags: ['Keys'],
        operationId: 'reportLeakedKeys',
        summary: 'Report keys found in public, signed by a secret-scanning partner',
        headers: LeakHeaders,
        body: LeakReports,
        response: answers({ 200: LeakFeedbacks }, 400, 401, 413, 415, 429),
      },
      preValidation: async (request) => {
        request.body = await openReport(request)
      },
    },
    (request) => handleLeaks({ services: app, origin: originOf(request), mails: true }, request.body),
  )

  async function openReport(request: FastifyRequest): Promise<never> {
    const identifier = headerOf(request, 'github-public-key-identifier')
    const signature = headerOf(request, 'github-public-key-signature')
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (!(await isSignedByPartner(app.database, identifier, signature, body))) {
      await app.limits.countBadSecret(request)
      throw new ApiError('UNAUTHORIZED', 'Invalid signature', { reason: 'bad_signature' })
    }
    return readJson(body) as never
  }
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name]
  if (typeof value === 'string' && value.length > 0 && value.length <= 200) return value
  throw badRequest(`headers.${name}`, 'is required')
}
