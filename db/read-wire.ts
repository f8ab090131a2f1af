import type postgres from 'postgres'
import type { Queryable } from './connect.ts'
import type { Connection } from './connection.ts'
import { isStalePlan } from './driver-guards.ts'
import { sqlState } from './unavailable.ts'

/** A transaction that further reads may join until the event-loop turn ends. */
interface OpenRead {
  readonly organizationId: string
  /** Whether the organization has been named. */
  fenced: boolean
}

/** A read whose transaction did not begin as it should have: what it saw counts for nothing. */
class ScopeMissing extends Error {
  override readonly name = 'ScopeMissing'
}

/**
 * A connection for reads, of which those of one organization and event-loop turn share a transaction. It is logged in as
 * the tenant, so that a read without its organization sees no row at all; and no read believes such an answer.
 */
export class ReadWire {
  readonly connection: Connection
  readonly #client: postgres.Sql
  /** What has been begun last, by what has been sent. */
  #open: OpenRead | null = null

  /** @param connection logged in as the tenant */
  constructor(connection: Connection) {
    this.connection = connection
    this.#client = connection.client
  }

  /** Whether a read of the organization would join a transaction. */
  isOpenFor(organizationId: string): boolean {
    return this.#open?.organizationId === organizationId
  }

  /**
   * Reads in the organization's open transaction, or begins one.
   * @param shared false for a transaction of this read's own
   * @throws what the query throws; an error that `isRepeatable` knows where something beside it failed
   */
  read<Row extends readonly postgres.MaybeRow[]>(
    organizationId: string,
    query: (tx: Queryable) => postgres.PendingQuery<Row>,
    shared: boolean,
  ): Promise<Row> {
    const joined = shared && this.isOpenFor(organizationId) ? this.#open : null
    const open = joined ?? this.#begin(organizationId)
    const rows = query(this.#client)
      .execute()
      .then((result) => {
        if (!open.fenced) throw new ScopeMissing('The read was sent without its organization')
        return result as Row
      })
    if (!shared) this.#end()
    return rows
  }

  #begin(organizationId: string): OpenRead {
    this.#end()
    const open: OpenRead = { organizationId, fenced: false }
    this.#send(this.#client`begin read only`, () => {})
    this.#send(this.#client`select set_config('app.organization_id', ${organizationId}, true)`, () => {
      open.fenced = true
    })
    this.#open = open
    setImmediate(() => {
      if (this.#open === open) this.#end()
    })
    return open
  }

  #end(): void {
    if (this.#open === null) return
    this.#open = null
    this.#send(this.#client`commit`, () => {})
  }

  // Where it fails, the reads that count on it find no fence.
  #send(query: postgres.PendingQuery<postgres.Row[]>, answered: () => void): void {
    query.execute().then(answered, () => {})
  }
}

/** Whether a read failed by what happened beside it, and is worth to be sent again. */
export function isRepeatable(error: unknown): boolean {
  return error instanceof ScopeMissing || isStalePlan(error) || sqlState(error) === IN_FAILED_TRANSACTION
}

/** Another read of the same transaction failed first. */
const IN_FAILED_TRANSACTION = '25P02'
