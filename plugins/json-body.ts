import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { badRequest } from '../schemas/errors.ts'
import { readJson } from '../schemas/json-text.ts'

/** JSON is the one type of body that the API reads, unless a route says otherwise. */
export default fp(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (_request: unknown, body: Buffer) => {
        // Clients set the content type on every request, also where they send nothing.
        if (body.length === 0) return undefined
        const value = readJson(body)
        // Fastify writes null for a body that is not there: a body that says so would pass for one.
        if (value === null) throw badRequest('body', 'must be object')
        return value
      },
    )
  },
  { name: 'json-body' },
)
