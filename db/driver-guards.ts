import { readFileSync } from 'node:fs'
import postgres from 'postgres'

/** The only version of postgres.js whose private parts were read for this file. package.json pins it exactly. */
export const KNOWN_DRIVER = '3.4.9'

/** What postgres.js keeps of a query; it is not part of its types. */
export interface DriverQuery extends Promise<unknown> {
  strings: readonly string[]
  active: boolean
  executed: boolean
  cancelled: unknown
  /** Hands the query to a client, or to the transaction that the query belongs to. */
  handler: DriverHandler
  reject(error: unknown): void
}

/** Where the queries of a client, or of a transaction, go. Each has one of its own. */
export type DriverHandler = (query: DriverQuery) => void

/** Takes the queries that were made for a handler. */
export type Route = (query: DriverQuery) => void

const routes = new WeakMap<DriverHandler, Route>()

/** The handler of a client or a transaction. */
export function handlerOf(sql: postgres.Sql | postgres.TransactionSql): DriverHandler {
  return (sql`select` as unknown as DriverQuery).handler
}

/** Sends the queries of a handler by another way. It is up to the route to give them to a handler in the end. */
export function routeQueries(handler: DriverHandler, route: Route): void {
  routes.set(handler, route)
}

/**
 * Changes how postgres.js treats its queries, once for the process.
 *
 * Each query takes the route of its handler, where it has one: so a pool of ours stands behind an ordinary client, and
 * a connection knows what it has under way.
 *
 * A table that changes its columns makes each connection's prepared statements on it fail once ("cached plan must not
 * change result type"), and postgres.js then sends the query again by itself. Where more queries travel behind it, it
 * mixes up whose answer is whose and the connection hangs for ever; behind a commit it would run without its
 * transaction. Here the query fails with its error (`isStalePlan`), and whoever knows what it belongs to may repeat it:
 * the statement is prepared anew by then.
 *
 * A connection that is lost while it is being opened rejects a question of postgres.js to itself, for the array types
 * there are, whose answer nobody waits for: an unhandled rejection ends the process. Here it stays without an answer;
 * the query for which the connection was opened fails as it should, and the next connection asks again.
 * @throws Error where this version of postgres.js is of another make
 */
export function guardDriver(): void {
  const prototype = Object.getPrototypeOf(postgres({ max: 1 })`select`) as Record<string, unknown>
  if (Object.hasOwn(prototype, 'retried')) return
  const probe = postgres({ max: 1 })`select` as unknown as Partial<DriverQuery>
  const asExpected =
    driverVersion() === KNOWN_DRIVER &&
    typeof prototype.handle === 'function' &&
    typeof probe.handler === 'function' &&
    typeof probe.reject === 'function' &&
    probe.executed === false &&
    probe.active === false &&
    Array.isArray(probe.strings)
  if (!asExpected)
    throw new Error(
      `The package postgres must be version ${KNOWN_DRIVER}, the only one that db/driver-guards.ts knows, and is ${driverVersion()}: run npm ci`,
    )
  Object.defineProperties(prototype, {
    // What postgres.js sets on a query that it is about to send again.
    retried: {
      get: () => undefined,
      set(this: DriverQuery, error: unknown) {
        this.cancelled = true
        this.reject(error)
      },
    },
    handle: {
      value: async function handle(this: DriverQuery): Promise<void> {
        if (this.executed) return
        this.executed = true
        if (asksForTypes(this)) {
          this.reject = () => {
            this.active = false
          }
        }
        // As postgres.js does: what is set on the query in this turn of the event loop still counts.
        await null
        const route = routes.get(this.handler)
        if (route) route(this)
        else this.handler(this)
      },
    },
  })
}

function driverVersion(): unknown {
  const manifest = new URL('../package.json', import.meta.resolve('postgres'))
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version
}

function asksForTypes({ strings }: DriverQuery): boolean {
  return strings[0]?.includes('pg_catalog.pg_type') === true && strings[0].includes('typarray')
}

/** Whether a query failed as its table has other columns since it was prepared: sent again, it succeeds. */
export function isStalePlan(error: unknown): boolean {
  return (
    error instanceof postgres.PostgresError &&
    error.code === '0A000' &&
    error.routine === 'RevalidateCachedQuery'
  )
}
