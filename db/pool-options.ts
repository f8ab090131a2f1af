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

/** How a pool is used. */
export interface PoolUse {
  /** Connections that it may have. */
  readonly most: number
  readonly open: number
  /** Connections that wait for an answer or belong to a transaction. */
  readonly busy: number
  /** How much work waits for a connection. */
  readonly waiting: number
  /** How much work has waited since the start, and for how long in all, in milliseconds. */
  readonly waits: number
  readonly waitedMs: number
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
