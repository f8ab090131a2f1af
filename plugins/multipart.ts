import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { badRequest } from '../schemas/errors.ts'

const KIB = 1024
/** The parser throws at a longer one. RFC 2046, 5.1.1 allows 70. */
const LONGEST_BOUNDARY = 256
const BOUNDARY = /;\s*boundary\*?=(?:"((?:[^"\\]|\\.)*)"|([^;]*))/i

/**
 * Lets the routes of a scope take `multipart/form-data`, one file at a time; elsewhere it is 415. The file's size is
 * limited where it is read: `request.file({ limits: { fileSize } })`.
 */
export default fp(
  async (app: FastifyInstance) => {
    await app.register(multipart, {
      limits: {
        files: 1,
        fileSize: KIB * KIB,
        fields: 10,
        fieldSize: 4 * KIB,
        fieldNameSize: 100,
        headerPairs: 50,
        parts: 11,
      },
    })
    app.addHook('preValidation', (request, _reply, done) => {
      done(request.isMultipart() ? boundaryFault(request.headers['content-type'] ?? '') : undefined)
    })
  },
  { name: 'multipart' },
)

function boundaryFault(contentType: string): Error | undefined {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? []
  const { length } = (quoted ?? plain ?? '').trim()
  if (length > 0 && length <= LONGEST_BOUNDARY) return undefined
  return badRequest('headers.content-type', `needs a boundary of 1 to ${LONGEST_BOUNDARY} characters`)
}
