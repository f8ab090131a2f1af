import postgres from 'postgres'

// What postgres.js (3.4) keeps of a query; it is not part of its types.
interface QueryInternals extends Promise<unknown> {
  strings: readonly string[]
  active: boolean
  executed: boolean
  cancelled: unknown
  /** Hands the query to a connection: the pool's, or the one of the transaction that the query belongs to. */
  handler(query: QueryInternals): void
  reject(error: unknown): void
}
type Handler = QueryInternals['handler']

const transactions = new WeakSet<Handler>()
const ended = new WeakSet<Handler>()
const losses = new WeakMap<Handler, Losses>()

/**
 * Makes a client of postgres.js live through four things that would hang or end the process.
 *
 * A table that changes its columns makes each connection's prepared statements on it fail once ("cached plan must not
 * change result type"), and postgres.js then sends the query again by itself. Where more queries travel behind it, it
 * mixes up whose answer is whose and the connection hangs for ever; behind a commit it would run without its
 * transaction. Here the query fails with its error (`isStalePlan`), and whoever knows what it belongs to may repeat it:
 * the statement is prepared anew by then.
 *
 * A connection that is lost under a transaction has no socket any more, and what the transaction still sends, its
 * `rollback` first of all, is an exception that nothing can catch (porsager/postgres#1208). Here nothing is sent.
 *
 * A connection that is lost while it is being opened rejects a question of postgres.js to itself, for the array types
 * there are, whose answer nobody waits for: an unhandled rejection ends the process. Here it stays without an answer;
 * the query for which the connection was opened fails as it should, and the next connection asks again.
 *
 * A connection whose socket has failed is closed a moment later, and what postgres.js sends on it in between is never
 * answered; worse, it waits for that answer on the next connection, for ever. Here a query waits for that moment.
 * @param lost told of each connection that has been closed (`onclose`)
 */
export function guard(client: postgres.Sql, lost: Losses): void {
  const query = client`select` as unknown as QueryInternals
  guardQueries(Object.getPrototypeOf(query) as object)
  losses.set(query.handler, lost)
  const begin = client.begin.bind(client) as (...parts: unknown[]) => Promise<unknown>
  const guarded = (...parts: unknown[]): Promise<unknown> => {
    const work = parts.pop() as (tx: postgres.TransactionSql) => unknown
    let handler: Handler | undefined
    const outcome = begin(...parts, (tx: postgres.TransactionSql) => {
      handler = (tx`select` as unknown as QueryInternals).handler
      transactions.add(handler)
      losses.set(handler, lost)
      return work(tx)
    })
    // Lost while it sent nothing: it learns of it here.
    outcome.catch((error: unknown) => {
      if (handler && isLost(error)) ended.add(handler)
    })
    return outcome
  }
  client.begin = guarded as typeof client.begin
}

function guardQueries(prototype: object): void {
  if (Object.hasOwn(prototype, 'retried')) return
  Object.defineProperties(prototype, {
    // What postgres.js sets on a query that it is about to send again.
    retried: {
      get: () => undefined,
      set(this: QueryInternals, error: unknown) {
        this.cancelled = true
        this.reject(error)
      },
    },
    handle: {
      value: async function handle(this: QueryInternals): Promise<void> {
        if (this.executed) return
        this.executed = true
        if (asksForTypes(this)) {
          this.reject = () => {
            this.active = false
          }
        }
        const lost = losses.get(this.handler)
        // The first to hear of it, before the transaction that would go on to its rollback.
        Promise.prototype.then.call(this, undefined, (error: unknown) => {
          lost?.failed(error)
          if (isLost(error) && transactions.has(this.handler)) ended.add(this.handler)
        })
        await (lost?.closing ?? null)
        if (ended.has(this.handler)) this.reject(new ConnectionLost('transaction'))
        else this.handler(this)
      },
    },
  })
}

/** The connections of a client whose sockets have failed and that are not closed yet. */
export class Losses {
  readonly #known = new WeakSet<object>()
  #open = 0
  #closed: () => void = () => {}
  /** Resolves when they are closed; null where there is none. */
  closing: Promise<void> | null = null

  /** Takes note of a query's error: a socket's is the same object for all the queries that waited on it. */
  failed(error: unknown): void {
    if (!isSocketError(error) || this.#known.has(error)) return
    this.#known.add(error)
    this.#open += 1
    this.closing ??= new Promise((resolve) => {
      this.#closed = resolve
    })
  }

  /** Takes note of a connection that is closed. */
  closed(): void {
    this.#open = Math.max(0, this.#open - 1)
    if (this.#open > 0) return
    this.closing = null
    this.#closed()
  }
}

function isSocketError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined
}

function asksForTypes({ strings }: QueryInternals): boolean {
  return strings[0]?.includes('pg_catalog.pg_type') === true && strings[0].includes('typarray')
}

/** The connection went away under what ran on it. */
export class ConnectionLost extends Error {
  readonly code = 'CONNECTION_CLOSED'
  constructor(during: 'transaction' | 'read') {
    super(`The connection was lost during the ${during}`)
    this.name = 'ConnectionLost'
  }
}

// 57P01 to 57P03: the server is shutting down, or was told to end this connection.
function isLost(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  return /^(CONNECTION_|ECONNRESET|EPIPE|57P0)/.test(code)
}

/** Whether a query failed as its table has other columns since it was prepared: sent again, it succeeds. */
export function isStalePlan(error: unknown): boolean {
  return (
    error instanceof postgres.PostgresError &&
    error.code === '0A000' &&
    error.routine === 'RevalidateCachedQuery'
  )
}
