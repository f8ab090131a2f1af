import postgres from 'postgres'

/** The database can't do the work now, and may be able to in a moment. Nothing of the work has been done. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
  readonly code = 'DATABASE_UNAVAILABLE'
}

/** The database is there, and so much waits for it that more would wait too long. */
export class OverloadedDatabase extends DatabaseUnavailable {
  override readonly name = 'OverloadedDatabase'
  constructor() {
    super('Too much work waits for the database')
  }
}

/** The connection went away under what ran on it: whether it was done is not known. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  readonly code = 'CONNECTION_LOST'
}

/** The SQLSTATE of a failed query, or null for another kind of error. */
export function sqlState(error: unknown): string | null {
  return error instanceof postgres.PostgresError ? error.code : null
}

/** Whether PostgreSQL ended or refused the whole connection, for whatever reason, and not one query. */
function isConnectionRefused(error: unknown): boolean {
  return error instanceof postgres.PostgresError && ['FATAL', 'PANIC'].includes(error.severity)
}

const NETWORK_CODES = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|ENOTFOUND$|EAI_)/

/** Whether an error tells that the whole connection is gone. */
export function isConnectionLoss(error: unknown): boolean {
  if (isConnectionRefused(error)) return true
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  return typeof code === 'string' && NETWORK_CODES.test(code)
}

/**
 * Whether a query failed for a reason that passes, and not for what it asked: the database is out of reach, starts,
 * stops, or is out of disk, memory or connections. This is the one list of such reasons.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable || isConnectionLoss(error)) return true
  // 08 connection, 53 resources, 57 intervention of the operator, 58 an error outside PostgreSQL, such as its disk;
  // 55P03 a lock that was not to be had in time.
  return /^(08|53|57|58|55P03)/.test(sqlState(error) ?? '') || isReadOnly(error)
}

/**
 * Whether the server takes no writes. It is a standby now, or a provider made it read-only as its disk is nearly full.
 * A session may stay so when the server takes writes again.
 */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === '25006'
}
