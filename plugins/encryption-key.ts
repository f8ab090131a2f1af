import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { encryptionKeyOf } from '../config/encryption-key.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** 32 bytes that seal secrets at rest. */
    encryptionKey: Buffer
  }
}

/** The key that seals secrets at rest. */
export default fp(
  async (app: FastifyInstance) => {
    app.decorate('encryptionKey', encryptionKeyOf(app.config))
  },
  { name: 'encryption-key', dependencies: ['database'] },
)
