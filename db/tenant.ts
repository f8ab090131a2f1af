import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { connect, type Database, isStuck, openPool, poolUse, type Queryable } from './connect.ts'
import type { Connection } from './connection.ts'
import { assertNothingHeld } from './held-connection.ts'
import type { Pool } from './pool.ts'
import type { PoolEvents, PoolUse } from './pool-options.ts'
import { isRepeatable, ReadWire } from './read-wire.ts'
import { OverloadedDatabase } from './unavailable.ts'

/** A transaction that sees the rows of one organization alone. Only `Tenancy` makes one. */
export type TenantTransaction = postgres.TransactionSql

// Few wires with many requests in each beat many wires with few: the reads of one event-loop turn travel together.
const READ_WIRES = 4
const WRITE_CONNECTIONS = 8
const READ_MS = 10_000
/** Statements that may wait for their answers on one wire. */
const MOST_WAITING_READS = 1024
// One more for each change of a table's columns that comes between.
const READ_ATTEMPTS = 3

/**
 * The two ways into a tenant's rows. Both log in as the tenant and name the organization for one transaction: a
 * statement that gets out of its transaction sees no row.
 */
export class Tenancy {
  readonly #database: Database
  readonly #reads: Pool
  #wires: readonly ReadWire[] = []
  #turn = 0

  /**
   * @param url of the tenant's login
   */
  constructor(url: string, environment: Environment, events: Omit<PoolEvents, 'onConnections'> = {}) {
    this.#database = connect(url, environment, { kind: 'tenant', max: WRITE_CONNECTIONS, ...events })
    this.#reads = openPool(url, environment, {
      kind: 'tenant',
      max: READ_WIRES,
      statementMs: READ_MS,
      pipelined: MOST_WAITING_READS,
      ...events,
      onConnections: (connections) => this.#rewire(connections),
    })
  }

  /** Opens the wires. @throws where the database refuses them, or the login is the wrong one */
  async open(): Promise<void> {
    await Promise.all([this.#reads.fill(), this.#database`select 1`])
  }

  /**
   * One read of a tenant's rows in a single round trip: begin, the fence, the query and commit are sent without
   * waiting for each other's answers, and an organization's reads of one event-loop turn share one such transaction.
   * It is for bounded reads: what is slow holds up those behind it on the wire and belongs into `write`.
   */
  async read<Row extends readonly postgres.MaybeRow[]>(
    organizationId: string,
    query: (tx: Queryable) => postgres.PendingQuery<Row>,
  ): Promise<Row> {
    assertNothingHeld('a tenant read')
    const wire = this.#wireFor(organizationId) ?? (await this.#firstWire())
    for (let attempt = 1; ; attempt += 1) {
      try {
        // Alone after the first time: nobody else's error ends the transaction then.
        return await wire.read(organizationId, query, attempt === 1)
      } catch (error) {
        if (!isRepeatable(error) || attempt === READ_ATTEMPTS) throw error
      }
    }
  }

  /**
   * A transaction over a tenant's rows: what `work` writes is committed whole when it resolves, and nothing of it
   * when it throws or the process dies.
   */
  async write<T>(organizationId: string, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    const outcome = await this.#database.begin(async (tx) => {
      // Sent together with the first statements of the work, which run after it on the same connection.
      const scoped = tx`select set_config('app.organization_id', ${organizationId}, true)`.execute()
      const [value] = await Promise.all([work(tx), scoped])
      return { value }
    })
    return outcome.value
  }

  /** Whether reads or writes wait for connections that never come back. */
  get isStuck(): boolean {
    return this.#reads.isStuck || isStuck(this.#database)
  }

  /** How the connections for reads and for writes are used. */
  get use(): { reads: PoolUse; writes: PoolUse | undefined } {
    return { reads: this.#reads.use, writes: poolUse(this.#database) }
  }

  /** Asks the database on each wire and on a connection for writes. @throws where one of them has no answer */
  async check(): Promise<void> {
    await Promise.all([
      this.read('', (tx) => tx`select 1`),
      ...this.#wires.map((wire) => wire.read('', (tx) => tx`select 1`, false)),
      this.write('', (tx) => tx`select 1`),
    ])
  }

  /** Closes its connections. */
  async close(): Promise<void> {
    await Promise.all([this.#database.end({ timeout: 1 }), this.#reads.end(1)])
  }

  #rewire(connections: readonly Connection[]): void {
    const known = new Map(this.#wires.map((wire) => [wire.connection, wire]))
    this.#wires = connections.map((connection) => known.get(connection) ?? new ReadWire(connection))
  }

  #wireFor(organizationId: string): ReadWire | null {
    const wires = this.#wires
    if (wires.length < READ_WIRES) this.#reads.grow()
    for (const wire of wires) if (wire.isOpenFor(organizationId)) return wire
    this.#turn += 1
    const wire = wires[this.#turn % wires.length]
    if (wire === undefined) return null
    if (wire.connection.pending > MOST_WAITING_READS) throw new OverloadedDatabase()
    return wire
  }

  async #firstWire(): Promise<ReadWire> {
    const connection = await this.#reads.wait()
    return this.#wires.find((wire) => wire.connection === connection) ?? new ReadWire(connection)
  }
}
