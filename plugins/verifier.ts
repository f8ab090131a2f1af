import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { connect } from '../db/connect.ts'
import { CredentialVerifier } from '../operations/credentials/verifier.ts'
import { Replica } from '../operations/revocation/replica.ts'

declare module 'fastify' {
  interface FastifyInstance {
    verifier: CredentialVerifier
    /** Makes announced changes hold in every process, before their maker is answered. */
    changes: Replica
  }
}

// A renewal must not queue behind the work of requests, nor wait longer for a lock than its lease can spare.
const REPLICA_CONNECTIONS = 3
const REPLICA_LOCK_MS = 1000

/** Verifies credentials, from memory while this process holds its lease as a replica. */
export default fp<{ databaseUrl: string }>(
  async (app: FastifyInstance, { databaseUrl }) => {
    const { environment } = app.config
    const verifier = new CredentialVerifier(app.database, environment.name)
    const database = connect(databaseUrl, environment, {
      max: REPLICA_CONNECTIONS,
      lockTimeoutMs: REPLICA_LOCK_MS,
    })
    const replica = new Replica(database, environment, verifier, (error) =>
      app.log.warn(
        { err: error },
        'the database did not answer this replica: without a lease it asks each time',
      ),
    )
    app.addHook('onClose', async () => {
      await replica.stop()
      await database.end({ timeout: 1 })
    })
    verifier.trustWhile(() => replica.trusted())
    await replica.start()
    app.decorate('verifier', verifier)
    app.decorate('changes', replica)
  },
  { name: 'verifier', dependencies: ['database'] },
)
