import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { connect, connectionOptions, type Database, openClient, type Queryable } from './connect.ts'
import { isRepeatable, ReadWire } from './read-wire.ts'

/** A transaction that sees the rows of one organization alone. Only `Tenancy` makes one. */
export type TenantTransaction = postgres.TransactionSql

// Few wires with many requests in each beat many wires with few: the reads of one event-loop turn travel together.
const READ_WIRES = 4
const WRITE_CONNECTIONS = 8
const READ_TIMEOUT_MS = 10_000
// One more for each change of a table's columns that comes between.
const READ_ATTEMPTS = 3

/**
 * The two ways into a tenant's rows. Both log in as the tenant and name the organization for one transaction: a
 * statement that gets out of its transaction sees no row.
 */
export class Tenancy {
  readonly #database: Database
  readonly #wires: readonly ReadWire[]
  #turn = 0

  /** @param url of the tenant's login */
  constructor(url: string, environment: Environment) {
    this.#database = connect(url, environment, { max: WRITE_CONNECTIONS })
    const options = connectionOptions(environment, {
      max: 1,
      statementTimeoutMs: READ_TIMEOUT_MS,
      lasting: true,
    })
    this.#wires = Array.from({ length: READ_WIRES }, () => new ReadWire(openClient(url, options)))
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
    const wire = this.#wireFor(organizationId)
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

  /** Closes its connections. */
  async close(): Promise<void> {
    await Promise.all([this.#database.end({ timeout: 1 }), ...this.#wires.map((wire) => wire.close())])
  }

  #wireFor(organizationId: string): ReadWire {
    const shared = this.#wires.find((wire) => wire.isOpenFor(organizationId))
    if (shared) return shared
    this.#turn = (this.#turn + 1) % READ_WIRES
    return this.#wires[this.#turn] as ReadWire
  }
}
