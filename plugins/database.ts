import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { connect, type Database } from '../db/connect.ts'
import { Tenancy } from '../db/tenant.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
    /** Look-ups and jobs across tenants, in the system role. */
    database: Database
    /** The two ways into one tenant's rows. */
    tenancy: Tenancy
    /** Where callers reach this server, without a trailing slash: `PUBLIC_URL`, or the address it listens on. */
    publicUrl(): string
    /** Under way until what a first caller needs is there: the server is up then, and not ready. */
    readonly starting: { underWay: boolean }
  }
}

/** Opens the pool, and closes it last of all. */
export default fp<{ config: Config; databaseUrl: string }>(
  async (app: FastifyInstance, { config, databaseUrl }) => {
    const database = connect(databaseUrl, config.environment)
    const tenancy = new Tenancy(database, databaseUrl, config.environment)
    app.decorate('config', config)
    app.decorate('database', database)
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
      await database.end({ timeout: 1 })
    })
  },
  { name: 'database' },
)
