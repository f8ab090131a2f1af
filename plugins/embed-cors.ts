import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isOriginKnown, isOriginOf } from '../db/queries/organizations.ts'
import { ApiError } from '../schemas/errors.ts'
import { isOwnOrigin } from './session-cookie.ts'

const PREFLIGHT_SECONDS = 600

// The SDK asks this first. Its answer says why a page may not show an interview.
const READABLE_BY_ALL = /^\/api\/embed\/preview\/?(\?|$)/

/**
 * Opens a scope to pages of other origins (https://fetch.spec.whatwg.org/#http-cors-protocol), without cookies. A
 * preflight does not say which organization the request will be about. So an origin that any organization lists may
 * send it and may read a refusal; `requireOrigin` then holds the request to its own organization. Other origins get no
 * header at all, with one exception: every page may read what the preview answers. A page that is not listed gets
 * nothing but the refusal there, and no cookie takes part, so that it learns nothing that its own server could not ask.
 */
export default fp(
  async (app: FastifyInstance) => {
    await app.register(cors, {
      hook: 'onRequest',
      delegator: async (request: FastifyRequest) => ({
        ...options,
        origin: await allowedOrigin(app, request),
      }),
    })
  },
  { name: 'embed-cors', dependencies: ['database'] },
)

async function allowedOrigin(app: FastifyInstance, { headers, url }: FastifyRequest) {
  const { origin } = headers
  if (origin === undefined) return false
  const [row] = origin === 'null' ? [] : await isOriginKnown(app.database, origin)
  if (row?.known) return origin
  return READABLE_BY_ALL.test(url) ? '*' : false
}

const options = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  // With those of the tus protocol (https://tus.io/protocols/resumable-upload), which long recordings come by.
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'Tus-Resumable',
    'Upload-Length',
    'Upload-Offset',
    'Upload-Metadata',
    'Upload-Concat',
    'Upload-Defer-Length',
    'X-HTTP-Method-Override',
    'X-Requested-With',
  ],
  exposedHeaders: [
    'Location',
    'Retry-After',
    'Tus-Resumable',
    'Tus-Version',
    'Tus-Extension',
    'Tus-Max-Size',
    'Upload-Length',
    'Upload-Offset',
    'Upload-Metadata',
    'Upload-Expires',
    'X-Request-Id',
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
    'Idempotent-Replayed',
  ],
  maxAge: PREFLIGHT_SECONDS,
  credentials: false,
}

/**
 * Holds a browser's request to the origins of the organization that it is about. Who is no browser sends no origin.
 * @throws ApiError 403, without a header by which the page could read it
 */
export async function requireOrigin(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  organizationId: string,
): Promise<void> {
  const refusal = await refuseOrigin(app, request, organizationId)
  if (!refusal) return
  reply.removeHeader('access-control-allow-origin')
  reply.removeHeader('access-control-expose-headers')
  throw refusal
}

/** Why a page may not ask about an organization's interviews, or null. */
export async function refuseOrigin(
  app: FastifyInstance,
  request: FastifyRequest,
  organizationId: string,
): Promise<ApiError | null> {
  const { origin } = request.headers
  if (origin === undefined || isOwnOrigin(app, request, origin)) return null
  const [row] = await isOriginOf(app.database, organizationId, origin)
  if (row?.listed) return null
  return new ApiError(
    'FORBIDDEN',
    `Pages of ${origin.slice(0, 300)} may not use this organization's interviews`,
    {
      reason: 'origin_not_allowed',
      hint: 'The organization lists the origins that may: allowedOrigins, in PATCH /api/organization',
    },
  )
}
