import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import { Connection, type ConnectionSpec, leastBusy } from './connection.ts'
import { repeatOnDeadlock } from './deadlocks.ts'
import type { DriverQuery } from './driver-guards.ts'
import { assertNothingHeld, holding } from './held-connection.ts'
import { endSessions, hasAnswered, type Session, WrongLogin } from './identity.ts'
import type { PoolEvents, PoolLimits, PoolUse } from './pool-options.ts'
import { DatabaseUnavailable, OverloadedDatabase } from './unavailable.ts'
import { endUnheard } from './unheard.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'
import { watch } from './watch.ts'

/** A statement that has heard nothing for so long makes the pool ask whether the database is there at all. */
const SUSPICIOUS_MS = 750
/** How long that question may take. Together with the time before, callers have an answer within three seconds. */
const ASK_MS = 1500
/** Until the next question; shorter than the silence before it, so that it delays nobody. */
const ASK_AGAIN_MS = 500
/** Between two tries to reach a database that is out of reach, and how long a try may take. */
const RETRY_MS = 250
const RETRY_TIMEOUT_MS = 1000
/** After a connection was refused, while others are open. */
const GROW_AGAIN_MS = 1000

/**
 * Connections of one login. Nothing waits here for ever: work waits for a connection for a limited time and in limited
 * number, a database that is out of reach is noticed within three seconds, and what comes while it is gone is refused at
 * once.
 */
export class Pool {
  readonly #spec: ConnectionSpec
  readonly #limits: PoolLimits
  readonly #events: PoolEvents
  readonly #unwatch: () => void
  readonly #line: WaitingLine
  #connections: readonly Connection[] = []
  #opening = 0
  #growAt = 0
  /** Why there is no connection, while the database is out of reach. */
  #outage: unknown = null
  #asking = false
  #askAt = 0
  /** Of connections that were lost: PostgreSQL may not have noticed, and keep their locks. */
  #lost: Session[] = []
  #ended = false

  constructor(spec: ConnectionSpec, limits: PoolLimits, events: PoolEvents = {}) {
    this.#spec = spec
    this.#limits = limits
    this.#events = events
    this.#line = new WaitingLine(limits.waitMs, limits.waiting)
    this.#unwatch = watch(this)
  }

  /** Whether the pool makes no progress, though the database is there. */
  get isStuck(): boolean {
    return this.#outage === null && this.#line.standingMs > this.#limits.stuckMs
  }

  /** How it is used now. */
  get use(): PoolUse {
    const { count, totalMs } = this.#line.waited
    return {
      most: this.#limits.max,
      open: this.#connections.length,
      busy: this.#connections.filter((connection) => !connection.isIdle).length,
      waiting: this.#line.length,
      waits: count,
      waitedMs: totalMs,
    }
  }

  /** Runs a query on a connection that it may share with other queries. */
  run(query: DriverQuery): void {
    try {
      assertNothingHeld('a pooled connection')
      this.#share(query)
    } catch (error) {
      query.reject(error)
    }
  }

  /**
   * A transaction, on a connection of its own. PostgreSQL may end it to resolve a deadlock. Nothing of it is done then,
   * and `work` runs again: it must change nothing but through `tx`.
   */
  async begin(options: string, work: (tx: postgres.TransactionSql) => unknown): Promise<unknown> {
    const connection = await this.reserve()
    try {
      return await holding(() => repeatOnDeadlock(() => connection.begin(options, work)))
    } finally {
      this.release(connection)
    }
  }

  /** A connection for the caller alone, until `release`. */
  async reserve(): Promise<Connection> {
    assertNothingHeld('a pooled connection')
    const connection = this.#line.length > 0 ? null : this.#free()
    if (connection) return this.#take(connection)
    return new Promise((take, refuse) => this.#join({ alone: true, take, refuse }))
  }

  /** Gives it back. */
  release(connection: Connection): void {
    connection.reserved = false
    this.#line.moves()
    this.#serve()
  }

  /**
   * Waits for a connection that others use too.
   * @throws DatabaseUnavailable, or what refused the connection
   */
  wait(): Promise<Connection> {
    return new Promise((take, refuse) => this.#join({ alone: false, take, refuse }))
  }

  /** Opens every connection that there may be. @throws what refuses the first of them */
  async fill(): Promise<void> {
    while (this.#canGrow()) void this.#open()
    await this.wait()
  }

  /** Opens one more connection, where there may be one more. */
  grow(): void {
    if (!this.#canGrow()) return
    // One for each who waits, and one to spare.
    if (this.#opening <= this.#line.length) void this.#open()
  }

  /** Looks what has become of the connections; `watch` calls it. */
  look(now: number, stalled: boolean): void {
    let suspicious = false
    for (const connection of this.#connections) {
      if (stalled) connection.forgive(now)
      if (connection.isOverdue(now)) connection.end()
      else if (connection.silence(now) > SUSPICIOUS_MS) suspicious = true
      else if (connection.isIdle && connection.isOld(now)) this.#retire(connection)
    }
    if (suspicious && !this.#asking && now > this.#askAt) void this.#ask()
    if (!stalled) this.#line.expire(now)
  }

  /** Ends the connections; those that are at work after so many seconds. */
  async end(seconds: number): Promise<void> {
    this.#ended = true
    this.#unwatch()
    this.#line.refuse(new DatabaseUnavailable('The connections to the database are closed'))
    await Promise.all(this.#connections.map((connection) => connection.close(seconds)))
  }

  // From the choice of a connection to the sending of the query nothing else runs: a transaction could begin on it.
  #share(query: DriverQuery): void {
    const connection = this.#line.length > 0 ? null : this.#shareable()
    if (!connection) {
      this.#join({ alone: false, take: (later) => later.run(query), refuse: (error) => query.reject(error) })
      return
    }
    if (connection.pending >= this.#limits.pipelined) throw new OverloadedDatabase()
    connection.run(query)
  }

  #join(waiter: Waiter): void {
    if (this.#ended) throw new DatabaseUnavailable('The connections to the database are closed')
    if (this.#outage !== null)
      throw new DatabaseUnavailable('The database is out of reach', { cause: this.#outage })
    this.#line.join(waiter)
    this.grow()
  }

  #take(connection: Connection): Connection {
    connection.reserved = true
    return connection
  }

  /** One for a query. It shares a busy one where there can be no more: what is ahead of it may wait for a lock. */
  #shareable(): Connection | null {
    const best = leastBusy(this.#connections)
    return best && (best.isIdle || !this.#canGrow()) ? best : null
  }

  /** One for a transaction. The last one stays for other queries: look-ups must not wait for transactions. */
  #free(): Connection | null {
    const best = this.#shareable()
    if (!best || this.#canGrow() || this.#limits.max === 1) return best
    const shared = this.#connections.filter((connection) => !connection.reserved).length
    return shared > 1 ? best : null
  }

  #serve(): void {
    this.#line.serve((alone) => {
      const connection = alone ? this.#free() : this.#shareable()
      return connection && alone ? this.#take(connection) : connection
    })
  }

  #canGrow(): boolean {
    if (this.#ended || this.#outage !== null || performance.now() < this.#growAt) return false
    return this.#connections.length + this.#opening < this.#limits.max
  }

  async #open(): Promise<void> {
    this.#opening += 1
    try {
      this.#add(await this.#connect())
    } catch (error) {
      if (error instanceof WrongLogin) this.#events.onWrongLogin?.(error)
      // Who waits goes on waiting for the connections that there are.
      this.#growAt = performance.now() + GROW_AGAIN_MS
      if (this.#connections.length === 0) this.#loseDatabase(error)
    } finally {
      this.#opening -= 1
      this.#serve()
    }
  }

  async #connect(timeOutMs?: number): Promise<Connection> {
    const connection = await Connection.open(this.#spec, this, timeOutMs)
    const lost = this.#lost.splice(0)
    // It works without that too: PostgreSQL notices by itself, half a minute later.
    if (lost.length > 0) await endSessions(connection.client, lost).catch(() => {})
    return connection
  }

  #add(connection: Connection): void {
    if (this.#ended || this.#connections.length >= this.#limits.max) {
      connection.end()
      return
    }
    this.#change([...this.#connections, connection])
    this.#serve()
  }

  /** A connection waits for nothing any more. */
  onIdle(): void {
    if (this.#line.length > 0) this.#serve()
  }

  /** A connection has ended. */
  onClosed(connection: Connection): void {
    if (!this.#connections.includes(connection)) return
    if (connection.session) this.#lost.push(connection.session)
    this.#change(this.#connections.filter((other) => other !== connection))
    if (this.#line.length > 0) this.grow()
  }

  #retire(connection: Connection): void {
    this.#change(this.#connections.filter((other) => other !== connection))
    void connection.close(1)
  }

  #change(connections: readonly Connection[]): void {
    this.#connections = connections
    this.#events.onConnections?.(connections)
  }

  /** Asks on a new connection whether the database answers anybody. */
  async #ask(): Promise<void> {
    this.#asking = true
    // A connection that was idle until now tells nothing: only what arrives meanwhile shows that the database lives.
    const before = new Map(this.#connections.map((one) => [one, one.bytesRead]))
    try {
      const asked = await this.#connect(ASK_MS)
      await endUnheard(asked, this.#connections, SUSPICIOUS_MS, ASK_MS)
      this.#add(asked)
    } catch (error) {
      const heard = this.#connections.some((one) => one.bytesRead !== before.get(one))
      if (!heard && !hasAnswered(error)) this.#loseDatabase(error)
    } finally {
      this.#asking = false
      this.#askAt = performance.now() + ASK_AGAIN_MS
    }
  }

  #loseDatabase(error: unknown): void {
    this.#line.refuse(error)
    for (const connection of this.#connections) connection.end(error as Error)
    if (this.#outage !== null || this.#ended) return
    this.#outage = error
    this.#events.onOutage?.(error)
    void this.#regainDatabase()
  }

  async #regainDatabase(): Promise<void> {
    while (!this.#ended) {
      await delay(RETRY_MS * (0.75 + Math.random() / 2), null, { ref: false })
      try {
        const connection = await this.#connect(RETRY_TIMEOUT_MS)
        this.#outage = null
        this.#growAt = 0
        this.#add(connection)
        return this.#events.onOutage?.(null)
      } catch (error) {
        this.#outage = error
      }
    }
  }
}
