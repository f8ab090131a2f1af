import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../schemas/errors.ts'

/** Refuses a body that is compressed: it would be read as if it were not (RFC 9110, 8.4). */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('preParsing', (request, _reply, payload, done) => {
      const encoding = request.headers['content-encoding']
      if (encoding === undefined || encoding === '' || encoding === 'identity') return done(null, payload)
      done(
        new ApiError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding ${shorten(encoding)} is not supported`, {
          reason: 'content_encoding',
          hint: 'Send the body uncompressed, without Content-Encoding',
          headers: { 'accept-encoding': 'identity' },
        }),
      )
    })
  },
  { name: 'request-body', dependencies: ['errors'] },
)

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
