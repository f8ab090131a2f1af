import type postgres from 'postgres'
import { type Queryable, sqlState } from './connect.ts'
import { ConnectionLost, isStalePlan } from './driver-guards.ts'

/** A transaction that further reads may join until the event-loop turn ends. */
interface OpenRead {
  readonly organizationId: string
  /** The id of the PostgreSQL session that has begun it. */
  session: number | null
  /** Whether that session has set its fence. */
  fenced: boolean
}

/** What the driver tells of the session that answered; nothing where it lost the connection and took that for an answer. */
interface Answered {
  readonly state?: { readonly pid: number }
}

/**
 * A connection for reads, of which those of one organization and event-loop turn share a transaction. As its session
 * is logged in as the tenant, a read that lost its fence sees no row at all; and no read believes such an
 * answer: the driver keeps the order of its queries while a connection lives, but after a lost one it sends what still
 * waited to the next connection, in parts, behind queries that came later. PostgreSQL's answers tell the true order.
 */
export class ReadWire {
  readonly #client: postgres.Sql
  /** What has been begun last, by what has been sent. */
  #open: OpenRead | null = null
  /** What has been begun last, by what has been answered. */
  #running: OpenRead | null = null

  /** @param client of one connection, logged in as the tenant */
  constructor(client: postgres.Sql) {
    this.#client = client
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
        if (!open.fenced || !this.#runs(open, result)) throw new ConnectionLost('read')
        return result as Row
      })
    if (!shared) this.#end()
    return rows
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#client.end({ timeout: 1 })
  }

  #begin(organizationId: string): OpenRead {
    this.#end()
    const open: OpenRead = { organizationId, session: null, fenced: false }
    this.#send(this.#client`begin read only`, ({ state }) => {
      this.#running = open
      open.session = state?.pid ?? null
    })
    this.#send(this.#client`select set_config('app.organization_id', ${organizationId}, true)`, (result) => {
      open.fenced = this.#runs(open, result)
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
    this.#send(this.#client`commit`, () => {
      this.#running = null
    })
  }

  /** Whether what has just been answered ran within the transaction. */
  #runs(open: OpenRead, { state }: Answered): boolean {
    return this.#running === open && state !== undefined && state.pid === open.session
  }

  // Where it fails, the reads that count on it find no fence.
  #send(query: postgres.PendingQuery<postgres.Row[]>, answered: (result: Answered) => void): void {
    query.execute().then(answered, () => {})
  }
}

/** Whether a read failed by what happened beside it, and is worth to be sent again. */
export function isRepeatable(error: unknown): boolean {
  return error instanceof ConnectionLost || isStalePlan(error) || sqlState(error) === IN_FAILED_TRANSACTION
}

/** Another read of the same transaction failed first. */
const IN_FAILED_TRANSACTION = '25P02'
