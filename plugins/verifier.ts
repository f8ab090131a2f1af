import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { CredentialVerifier } from '../services/credentials/verifier.ts'
import { Replica } from '../services/revocation/replica.ts'

declare module 'fastify' {
  interface FastifyInstance {
    verifier: CredentialVerifier
    /** Makes announced changes hold in every process, before their maker is answered. */
    changes: Replica
  }
}

/** Verifies credentials, from memory while this process holds its lease as a replica. */
export default fp(
  async (app: FastifyInstance) => {
    const { environment } = app.config
    const verifier = new CredentialVerifier(app.database, environment.name)
    const replica = new Replica(app.database, environment, verifier, (error) =>
      app.log.warn({ err: error }, 'this replica could not renew its lease'),
    )
    verifier.trustWhile(() => replica.trusted())
    await replica.start()
    app.decorate('verifier', verifier)
    app.decorate('changes', replica)
    app.addHook('onClose', () => replica.stop())
  },
  { name: 'verifier', dependencies: ['database'] },
)
