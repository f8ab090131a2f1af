import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { connect, type Database } from '../db/connect.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { Tenancy } from '../db/tenant.ts'

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
    /** Where callers reach this server, without a trailing slash: `PUBLIC_URL`, or the address it listens on. */
    publicUrl(): string
    /** Under way until what a first caller needs is there: the server is up then, and not ready. */
    readonly starting: { underWay: boolean }
  }
}

const SYSTEM_CONNECTIONS = 8
const DIRECT_CONNECTIONS = 3
// A renewal must not wait longer for a lock than its lease can spare.
const DIRECT_LOCK_MS = 1000

/** Opens the pools, and closes them last of all. */
export default fp<{ config: Config; logins: DatabaseLogins; connects: boolean }>(
  async (app: FastifyInstance, { config, logins, connects }) => {
    const database = connect(logins.system, config.environment, { max: SYSTEM_CONNECTIONS })
    const directDatabase = connect(logins.session, config.environment, {
      max: DIRECT_CONNECTIONS,
      lockTimeoutMs: DIRECT_LOCK_MS,
    })
    const tenancy = new Tenancy(logins.tenant, config.environment)
    app.decorate('config', config)
    app.decorate('connects', connects)
    app.decorate('database', database)
    app.decorate('directDatabase', directDatabase)
    app.decorate('tenancy', tenancy)
    app.decorate('starting', { underWay: false })
    app.decorate('publicUrl', () => {
      const address = app.server.address()
      const port = address && typeof address === 'object' ? address.port : config.port
      const host = config.host.includes(':') ? `[${config.host}]` : config.host
      return config.publicUrl ?? `http://${host}:${port}`
    })
    app.addHook('onClose', async () => {
      await tenancy.close()
      await Promise.all([database.end({ timeout: 1 }), directDatabase.end({ timeout: 1 })])
    })
  },
  { name: 'database' },
)
