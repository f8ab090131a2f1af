import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { prepareDecoys } from '../operations/authentication/passwords.ts'
import { LoginThrottle } from '../operations/authentication/throttle.ts'
import { cookieSeconds } from '../operations/sessions/open.ts'
import { SessionUse } from '../operations/sessions/use.ts'

declare module 'fastify' {
  interface FastifyInstance {
    loginThrottle: LoginThrottle
    sessionUse: SessionUse
  }
}

/** What the account routes share: throttles, keys, and the note of when a session was last used. */
export default fp(
  async (app: FastifyInstance) => {
    const { config, database } = app
    const sessionUse = new SessionUse(
      database,
      cookieSeconds(config),
      (tag) => app.verifier.invalidate(tag),
      (error) => app.log.warn({ err: error }, 'the last use of sessions was not written'),
    )
    app.decorate('loginThrottle', new LoginThrottle(database))
    app.decorate('sessionUse', sessionUse)
    void prepareDecoys(config)
    app.addHook('onClose', () => sessionUse.stop())
  },
  {
    name: 'accounts',
    dependencies: ['client-address', 'database', 'encryption-key', 'verifier', 'session-cookie'],
  },
)
