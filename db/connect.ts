import postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import type { Connection, ConnectionOptions, ConnectionSpec } from './connection.ts'
import { guardDriver, handlerOf, routeQueries } from './driver-guards.ts'
import type { Identity } from './identity.ts'
import { Listener } from './listener.ts'
import { Pool } from './pool.ts'
import type { PoolEvents, PoolLimits, PoolUse } from './pool-options.ts'

/** A pool of connections to one environment's schema, with snake_case columns read as camelCase. */
export type Database = postgres.Sql

/** What a query can run on: the pool, or a transaction of it. */
export type Queryable = postgres.Sql | postgres.TransactionSql

/** How a pool of connections is to be. */
export interface ConnectOptions extends PoolEvents {
  /** Whose rights the connections must have; the system's, unless told otherwise. */
  readonly kind?: Identity['kind']
  /** Connections at most. */
  readonly max?: number
  /** How long work waits for a connection. */
  readonly waitMs?: number
  /** How much work may wait for a connection. */
  readonly waiting?: number
  /** How many statements may wait for their answers on each connection. */
  readonly pipelined?: number
  /** How long work may wait while no connection comes back, until the pool is taken for stuck. */
  readonly stuckMs?: number
  /** How long a statement may take; null: without end. */
  readonly statementMs?: number | null
  /** How long a transaction may take; null: without end. */
  readonly transactionMs?: number | null
  /** How long a transaction may stand in which nothing happens; null: without end. */
  readonly idleTransactionMs?: number | null
  /** How long a statement waits for a lock; unset: as long as it may take. */
  readonly lockMs?: number
  /** How values of some types are sent and read. */
  readonly types?: Record<string, postgres.PostgresType>
  /** Whether columns keep the names that the database gives them. */
  readonly plainColumns?: boolean
}

/** For the worker: nobody waits for an answer, and jobs may take their time. */
export const patient = {
  waitMs: 60_000,
  statementMs: 10 * 60_000,
  transactionMs: 30 * 60_000,
} as const satisfies ConnectOptions

/** For the operator's command line: its statements take as long as they take, and its output may be read slowly. */
export const unhurried = {
  waitMs: 60_000,
  statementMs: null,
  transactionMs: null,
  idleTransactionMs: null,
} as const satisfies ConnectOptions

const POOL_SIZE = 10
/** Less than three seconds: within that time everyone who asked has an answer. */
const WAIT_MS = 2500
const WAITING = 1024
const PIPELINED = 128
const STUCK_MS = 15_000
const STATEMENT_MS = 20_000
/** A statement that should have ended so long ago has lost its connection. */
const SILENT_MARGIN_MS = 2000
const TRANSACTION_MS = 60_000
/** A transaction in which the process says nothing for so long holds its locks for nobody. */
const IDLE_TRANSACTION_MS = 30_000

const parts = new WeakMap<Database, { pool: Pool; listener: Listener }>()

/**
 * Opens a pool in the environment's schema.
 * @param url of the login whose rights the work needs (`db/logins.ts`): nothing narrows them later
 */
export function connect(url: string, environment: Environment, options: ConnectOptions = {}): Database {
  const spec = connectionSpec(url, environment, options)
  return clientOf(spec, new Pool(spec, limitsOf(options), options), new Listener(spec))
}

/**
 * Opens a client of one connection, for what belongs to a session: locks.
 * @param onLost called whenever that connection ends
 */
export function connectOnce(url: string, environment: Environment, onLost: () => void): Database {
  let open = 0
  const onConnections = ({ length }: readonly Connection[]) => {
    if (length < open) onLost()
    open = length
  }
  return connect(url, environment, { max: 1, onConnections })
}

/** Whether work waits for connections of the database that never come back. */
export function isStuck(database: Database): boolean {
  return parts.get(database)?.pool.isStuck === true
}

/** How the connections of the database are used; undefined for a client that is none of ours. */
export function poolUse(database: Database): PoolUse | undefined {
  return parts.get(database)?.pool.use
}

/** Whether everything that is listened to is heard. */
export function isListening(database: Database): boolean {
  return parts.get(database)?.listener.isListening === true
}

/** Opens a pool for work that chooses its connections itself. */
export function openPool(url: string, environment: Environment, options: ConnectOptions): Pool {
  return new Pool(connectionSpec(url, environment, options), limitsOf(options), options)
}

function limitsOf(options: ConnectOptions): PoolLimits {
  const { max = POOL_SIZE, waitMs = WAIT_MS, waiting = WAITING } = options
  const { pipelined = PIPELINED, stuckMs = STUCK_MS } = options
  return { max, waitMs, waiting, pipelined, stuckMs }
}

/** How every connection of the server is opened: the schema and the limits are part of the start-up message. */
function connectionSpec(url: string, environment: Environment, options: ConnectOptions): ConnectionSpec {
  const { kind = 'system', statementMs = STATEMENT_MS, idleTransactionMs = IDLE_TRANSACTION_MS } = options
  const { transactionMs = TRANSACTION_MS, lockMs, types, plainColumns } = options
  const driverOptions: ConnectionOptions = {
    onnotice: () => {},
    connection: {
      application_name: `anteroom ${environment.name}`,
      search_path: environment.schema,
      timezone: 'UTC',
      // Row locks and the proof of docs/revocation.md count on it, whatever the cluster's default.
      default_transaction_isolation: 'read committed' as const,
      ...(idleTransactionMs ? { idle_in_transaction_session_timeout: idleTransactionMs } : {}),
      // PostgreSQL notices within half a minute that this process is gone without a word, and gives its locks back.
      tcp_keepalives_idle: 10,
      tcp_keepalives_interval: 5,
      tcp_keepalives_count: 3,
      tcp_user_timeout: 25_000,
      ...(statementMs ? { statement_timeout: statementMs } : {}),
      ...(lockMs ? { lock_timeout: lockMs } : {}),
    },
    ...(types ? { types } : {}),
    ...(plainColumns ? {} : { transform: { column: { from: postgres.toCamel, to: postgres.fromCamel } } }),
  }
  const silentMs = statementMs === null ? null : statementMs + SILENT_MARGIN_MS
  return { url, options: driverOptions, identity: { environment, kind }, silentMs, transactionMs }
}

/** An ordinary client of postgres.js whose queries run on a pool of ours: it never connects itself. */
function clientOf(spec: ConnectionSpec, pool: Pool, listener: Listener): Database {
  guardDriver()
  const client = postgres(spec.url, { ...spec.options, max: 1 })
  routeQueries(handlerOf(client), (query) => pool.run(query))
  const ours = {
    begin: (...parts: unknown[]) => {
      const work = parts.pop() as (tx: postgres.TransactionSql) => unknown
      return pool.begin((parts[0] as string | undefined) ?? '', work)
    },
    reserve: async () => {
      const connection = await pool.reserve()
      const reserved = await connection.reserve()
      const release = reserved.release.bind(reserved)
      reserved.release = () => {
        release()
        pool.release(connection)
      }
      return reserved
    },
    listen: listener.listen.bind(listener),
    end: async ({ timeout = 5 } = {}) => {
      await Promise.all([listener.end(), pool.end(timeout)])
    },
  }
  const database = Object.assign(client, ours) as unknown as Database
  parts.set(database, { pool, listener })
  return database
}
