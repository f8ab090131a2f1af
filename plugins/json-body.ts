import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readJson } from '../schemas/json-text.ts'

/** JSON is the one type of body that the API reads, unless a route says otherwise. */
export default fp(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (_request: unknown, body: Buffer) =>
        // Clients set the content type on every request, also where they send nothing.
        body.length === 0 ? undefined : readJson(body),
    )
  },
  { name: 'json-body' },
)
