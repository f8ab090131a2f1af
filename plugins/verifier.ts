import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { CredentialVerifier } from '../operations/credentials/verifier.ts'
import { Replica } from '../operations/revocation/replica.ts'

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
    const replica = new Replica(app.directDatabase, environment, verifier, (error) =>
      app.log.warn(
        { err: error },
        'the database did not answer this replica: without a lease it asks each time',
      ),
    )
    verifier.trustWhile(() => replica.trusted())
    if (app.connects) {
      app.addHook('onClose', () => replica.stop())
      await replica.start()
    }
    app.decorate('verifier', verifier)
    app.decorate('changes', replica)
  },
  { name: 'verifier', dependencies: ['database'] },
)
