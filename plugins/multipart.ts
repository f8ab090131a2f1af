import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const KIB = 1024

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
  },
  { name: 'multipart' },
)
