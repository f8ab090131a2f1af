import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type ChangeListener, listenToChanges } from '../db/changes.ts'
import { CredentialVerifier } from '../services/credentials/verifier.ts'

declare module 'fastify' {
  interface FastifyInstance {
    verifier: CredentialVerifier
  }
}

/** Verifies credentials, and forgets what it remembered as soon as a change is announced by any process. */
export default fp(
  async (app: FastifyInstance) => {
    const verifier = new CredentialVerifier(app.database, app.config.environment.name)
    const listener: ChangeListener = await listenToChanges(
      app.database,
      app.config.environment,
      (tag) => verifier.invalidate(tag),
      () => verifier.clear(),
    )
    app.decorate('verifier', verifier)
    app.addHook('onClose', () => listener.stop())
  },
  { name: 'verifier', dependencies: ['database'] },
)
