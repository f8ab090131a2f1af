import postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { guard, Losses } from './driver-guards.ts'

/** A pool of connections to one environment's schema, with snake_case columns read as camelCase. */
export type Database = postgres.Sql

/** What a query can run on: the pool, or a transaction of it. */
export type Queryable = postgres.Sql | postgres.TransactionSql

const POOL_SIZE = 10
/** Between two tries of a connection that was refused, on average. */
const RECONNECT_SECONDS = 0.2
const CONNECT_SECONDS = 5

/**
 * Opens a pool in the environment's schema.
 * @param url of the login whose rights the work needs (`db/logins.ts`): nothing narrows them later
 * @param options.max connections at most
 * @param options.lockTimeoutMs how long a statement waits for a lock; unset: without end
 */
export function connect(
  url: string,
  environment: Environment,
  options: { max?: number; lockTimeoutMs?: number } = {},
): Database {
  return openClient(url, connectionOptions(environment, { max: POOL_SIZE, ...options }))
}

/**
 * Opens a client of one connection, for what belongs to a session: locks.
 * @param onLost called whenever that connection ends
 */
export function connectOnce(url: string, environment: Environment, onLost: () => void): Database {
  return openClient(url, {
    ...connectionOptions(environment, { max: 1, lasting: true }),
    onclose: onLost,
  })
}

/**
 * Opens a client that lives through changed tables and lost connections.
 * @param options as `connectionOptions` gives them
 */
export function openClient(
  url: string,
  options: ReturnType<typeof connectionOptions> & { onclose?: () => void },
): Database {
  const lost = new Losses()
  const onclose = () => {
    lost.closed()
    options.onclose?.()
  }
  const client = postgres(url, { ...options, onclose })
  guard(client, lost)
  return client
}

/** How every connection of the server is opened: the schema is part of the start-up message. */
export function connectionOptions(
  environment: Environment,
  options: { max: number; statementTimeoutMs?: number; lockTimeoutMs?: number; lasting?: boolean },
) {
  return {
    max: options.max,
    connect_timeout: CONNECT_SECONDS,
    // postgres.js closes a connection after 30 to 60 minutes, when it has nothing in flight: not in a transaction's
    // midst, but for one whose statements are sent piecemeal.
    ...(options.lasting ? { max_lifetime: null } : {}),
    transform: { column: { from: postgres.toCamel, to: postgres.fromCamel } },
    onnotice: () => {},
    // The driver's own waits 20 s once a pool's ten connections have been refused a few times.
    backoff: () => RECONNECT_SECONDS * (0.5 + Math.random()),
    connection: {
      application_name: `anteroom ${environment.name}`,
      search_path: environment.schema,
      timezone: 'UTC',
      // Row locks and the proof of docs/revocation.md count on it, whatever the cluster's default.
      default_transaction_isolation: 'read committed' as const,
      ...(options.statementTimeoutMs ? { statement_timeout: options.statementTimeoutMs } : {}),
      ...(options.lockTimeoutMs ? { lock_timeout: options.lockTimeoutMs } : {}),
    },
  }
}

/** The SQLSTATE of a failed query, or null for another kind of error. */
export function sqlState(error: unknown): string | null {
  return error instanceof postgres.PostgresError ? error.code : null
}

/** Whether PostgreSQL ended or refused the whole connection, for whatever reason, and not one query. */
export function isConnectionRefused(error: unknown): boolean {
  return error instanceof postgres.PostgresError && ['FATAL', 'PANIC'].includes(error.severity)
}
