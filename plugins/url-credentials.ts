import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { refuseCredentialInUrl } from './credentials.ts'

/** Refuses every URL that carries a credential, before anything else looks at it. */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', (request, _reply, done) => {
      try {
        refuseCredentialInUrl(request.url)
        done()
      } catch (error) {
        done(error as Error)
      }
    })
  },
  { name: 'url-credentials', dependencies: ['errors'] },
)
