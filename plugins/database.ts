import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { connect, type Database, isListening, isStuck } from '../db/connect.ts'
import { assertNothingHeld } from '../db/held-connection.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { Tenancy } from '../db/tenant.ts'
import { DatabaseUnavailable } from '../db/unavailable.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
    /** False: the app only describes itself, and no database is there. */
    readonly connects: boolean
    /** Look-ups and jobs across tenants, logged in as the system. */
    database: Database
    /** The same past a pooler: for LISTEN, and for renewals that must not queue behind the work of requests. */
    directDatabase: Database
    /** The two ways into one tenant's rows. */
    tenancy: Tenancy
    databaseHealth: DatabaseHealth
    /** Where callers reach this server, without a trailing slash: `PUBLIC_URL`, or the address it listens on. */
    publicUrl(): string
    /** Under way until what a first caller needs is there: the server is up then, and not ready. */
    readonly starting: { underWay: boolean }
  }
}

/** How the connections are. */
interface DatabaseHealth {
  /** Whether a pool makes no progress, though the database is there: nothing but a restart will help. */
  isStuck(): boolean
  /** Asks over every kind of connection, for two seconds at most. @throws where one of them has no answer */
  check(): Promise<void>
}

const CHECK_MS = 2000
const SYSTEM_CONNECTIONS = 8
const DIRECT_CONNECTIONS = 3
// A renewal must not wait longer for a lock than its lease can spare.
const DIRECT_LOCK_MS = 1000

/** Opens the pools, and closes them last of all. */
export default fp<{ config: Config; logins: DatabaseLogins; connects: boolean }>(
  async (app: FastifyInstance, { config, logins, connects }) => {
    const { environment } = config
    const events = eventLog(app)
    const database = connect(logins.system, environment, { max: SYSTEM_CONNECTIONS, ...events })
    const directDatabase = connect(logins.session, environment, {
      max: DIRECT_CONNECTIONS,
      lockMs: DIRECT_LOCK_MS,
      ...events,
    })
    const tenancy = new Tenancy(logins.tenant, environment, events)
    if (connects) await Promise.all([tenancy.open(), database`select 1`, directDatabase`select 1`])
    app.decorate('config', config)
    app.decorate('connects', connects)
    app.decorate('database', database)
    app.decorate('directDatabase', directDatabase)
    app.decorate('tenancy', tenancy)
    app.decorate('databaseHealth', {
      isStuck: () => tenancy.isStuck || isStuck(database) || isStuck(directDatabase),
      check: () =>
        withinTime(
          Promise.all([
            tenancy.check(),
            // Also tells whether it is migrated.
            database`select from campaigns limit 0`,
            directDatabase`select 1`,
            listening(directDatabase),
          ]),
        ),
    } satisfies DatabaseHealth)
    app.decorate('starting', { underWay: false })
    app.decorate('publicUrl', () => {
      const address = app.server.address()
      const port = address && typeof address === 'object' ? address.port : config.port
      const host = config.host.includes(':') ? `[${config.host}]` : config.host
      return config.publicUrl ?? `http://${host}:${port}`
    })
    app.addHook('onRequest', (_request, _reply, done) => {
      // Called by `app.inject` out of a transaction, it could wait for the connection that its caller holds.
      assertNothingHeld('the API itself')
      done()
    })
    app.addHook('onClose', async () => {
      await tenancy.close()
      await Promise.all([database.end({ timeout: 1 }), directDatabase.end({ timeout: 1 })])
    })
  },
  { name: 'database' },
)

/** One line when the database is lost and one when it is back, however many pools notice it. */
function eventLog(app: FastifyInstance) {
  let without = 0
  return {
    onOutage(error: unknown) {
      without += error === null ? -1 : 1
      if (error === null && without === 0) app.log.info('the database is back')
      if (error !== null && without === 1) {
        app.log.error(`the database is out of reach: ${error instanceof Error ? error.message : error}`)
      }
    },
    onWrongLogin: (error: Error) => app.log.error(error.message),
  }
}

async function listening(database: Database): Promise<void> {
  if (!isListening(database)) throw new DatabaseUnavailable('Nobody listens to changes')
}

async function withinTime(answers: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseUnavailable('The database did not answer in time')), CHECK_MS)
  })
  await Promise.race([answers, late]).finally(() => clearTimeout(timer))
}
