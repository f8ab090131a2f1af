import type { Connection } from './connection.ts'
import type { WrongLogin } from './identity.ts'

/** How much a pool does at once, and how long work waits. */
export interface PoolLimits {
  /** Connections at most. */
  readonly max: number
  /** How long work waits for a connection, in milliseconds. */
  readonly waitMs: number
  /** How much work may wait for a connection. */
  readonly waiting: number
  /** How many statements may wait for their answers on each connection. */
  readonly pipelined: number
  /** After so many milliseconds in which work waited and no connection came back, the pool is stuck. */
  readonly stuckMs: number
}

/** What a pool tells. */
export interface PoolEvents {
  /** The database is out of reach; null when it is back. */
  onOutage?(error: unknown): void
  /** A connection was logged in as somebody else than it should, and is not used. */
  onWrongLogin?(error: WrongLogin): void
  /** The connections are these from now on. */
  onConnections?(connections: readonly Connection[]): void
}
