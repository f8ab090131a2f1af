import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isOriginKnown, isOriginOf } from '../db/queries/organizations.ts'
import { ApiError } from '../schemas/errors.ts'
import { isOwnOrigin } from './session-cookie.ts'

const PREFLIGHT_SECONDS = 600

/**
 * Opens a scope to pages of other origins (https://fetch.spec.whatwg.org/#http-cors-protocol), without cookies. A
 * preflight says nothing of who will ask, so that it and a refusal may be read by an origin that any organization lists;
 * `requireOrigin` holds the request itself to the organization that it is about. To others no header is sent at all.
 */
export default fp(
  async (app: FastifyInstance) => {
    await app.register(cors, {
      origin: async (origin: string | undefined) => {
        if (origin === undefined || origin === 'null') return false
        const [row] = await isOriginKnown(app.database, origin)
        return row?.known ? origin : false
      },
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
    })
  },
  { name: 'embed-cors', dependencies: ['database'] },
)

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
  const { origin } = request.headers
  if (origin === undefined || isOwnOrigin(app, request, origin)) return
  const [row] = await isOriginOf(app.database, organizationId, origin)
  if (row?.listed) return
  reply.removeHeader('access-control-allow-origin')
  reply.removeHeader('access-control-expose-headers')
  throw new ApiError(
    'FORBIDDEN',
    `Pages of ${origin.slice(0, 300)} may not use this organization's interviews`,
    {
      reason: 'origin_not_allowed',
      hint: 'The organization lists the origins that may: allowedOrigins, in PATCH /api/organization',
    },
  )
}
