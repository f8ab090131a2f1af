import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../credentials/addresses.ts'
import { readDevice } from '../operations/accounts/known-device.ts'
import type { LoginPlace } from '../operations/accounts/log-in.ts'
import { LoginThrottle } from '../operations/accounts/throttle.ts'
import { prepareDecoys } from '../operations/authentication/passwords.ts'
import { cookieSeconds } from '../operations/sessions/open.ts'
import { SessionUse } from '../operations/sessions/use.ts'

const LONGEST_AGENT = 300

declare module 'fastify' {
  interface FastifyInstance {
    loginThrottle: LoginThrottle
    sessionUse: SessionUse
    /** Where a log-in to an account comes from. */
    placeOf(request: FastifyRequest, email: string): LoginPlace
  }
}

/** What the account routes share: throttles, keys, and the note of when a session was last used. */
export default fp(
  async (app: FastifyInstance) => {
    const { config, database, encryptionKey } = app
    const sessionUse = new SessionUse(
      database,
      cookieSeconds(config),
      (tag) => app.verifier.invalidate(tag),
      (error) => app.log.warn({ err: error }, 'the last use of sessions was not written'),
    )
    app.decorate('loginThrottle', new LoginThrottle(database))
    app.decorate('sessionUse', sessionUse)
    app.decorate('placeOf', (request: FastifyRequest, email: string): LoginPlace => {
      const device = readDevice(encryptionKey, email, app.cookies.read(request, 'device'), Date.now())
      return {
        ip: request.address,
        userAgent: request.headers['user-agent']?.slice(0, LONGEST_AGENT) ?? null,
        place: device ? `device ${device}` : `network ${networkOf(request.address)}`,
        known: device !== null,
      }
    })
    void prepareDecoys(config)
    app.addHook('onClose', () => sessionUse.stop())
  },
  {
    name: 'accounts',
    dependencies: ['client-address', 'database', 'encryption-key', 'verifier', 'session-cookie'],
  },
)
