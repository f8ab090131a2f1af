import postgres from 'postgres'
import {
  type DriverHandler,
  type DriverQuery,
  guardDriver,
  handlerOf,
  routeQueries,
} from './driver-guards.ts'
import { checkIdentity, type Identity, type Session } from './identity.ts'
import { type DatabaseSocket, openSocket, type SocketAddress } from './socket.ts'
import { ConnectionLost, isConnectionLoss } from './unavailable.ts'

/** The options of postgres.js that a connection takes. */
export type ConnectionOptions = postgres.Options<Record<string, postgres.PostgresType>>

/** How to open a connection. */
export interface ConnectionSpec {
  readonly url: string
  readonly options: ConnectionOptions
  /** Null where anybody will do. */
  readonly identity: Identity | null
  /** A statement that has heard nothing for so long has lost its connection. Null: a statement may take for ever. */
  readonly silentMs: number | null
}

/** Who a connection tells what becomes of it. */
export interface ConnectionOwner {
  /** It has ended, for whatever reason: told once. */
  onClosed?(connection: Connection): void
  /** It has answered everything. */
  onIdle?(connection: Connection): void
}

/** A connection that is not open after this time never will be. */
const OPEN_MS = 2500

/**
 * One connection, from its opening to its end. postgres.js would connect again by itself and send what still waited to
 * the next connection, in parts and in another order. Here each connection has a client of its own, which ends with it.
 */
export class Connection {
  readonly client: postgres.Sql
  readonly openedAt = performance.now()
  /** Null behind a pooler. */
  session: Session | null = null
  /** Whether a transaction has it for itself. */
  reserved = false
  readonly #handler: DriverHandler
  readonly #silentMs: number | null
  readonly #owner: ConnectionOwner
  readonly #closing = new AbortController()
  #socket: DatabaseSocket | null = null
  #pending = 0
  /** When something was last heard, or began to be waited for. */
  #heardAt = 0
  #bytesRead = 0

  private constructor(spec: ConnectionSpec, host: string | null, owner: ConnectionOwner) {
    this.#silentMs = spec.silentMs
    this.#owner = owner
    const options = {
      ...spec.options,
      ...(host === null ? {} : { host }),
      max: 1,
      max_lifetime: null,
      onclose: () => this.end(),
      // Of postgres.js, though not of its types.
      socket: (address: SocketAddress) => this.#openSocket(address),
    }
    this.client = postgres(spec.url, options)
    this.#handler = handlerOf(this.client)
    this.#follow(this.#handler)
  }

  /**
   * Opens a connection and makes sure that it is who it must be.
   * @throws what refused it; ConnectionLost where nothing answers in time; WrongLogin
   */
  static async open(
    spec: ConnectionSpec,
    owner: ConnectionOwner = {},
    timeOutMs: number = OPEN_MS,
  ): Promise<Connection> {
    guardDriver()
    let failure: unknown
    for (const host of hostsOf(spec.url)) {
      const connection = new Connection(spec, host, owner)
      try {
        await connection.#open(spec.identity, timeOutMs)
        return connection
      } catch (error) {
        connection.end(error as Error)
        failure = error
      }
    }
    throw failure
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** How many statements wait for their answer. */
  get pending(): number {
    return this.#pending
  }

  /** For how long a statement has waited while nothing was heard at all, in milliseconds. */
  silence(now: number): number {
    const bytesRead = this.#socket?.bytesRead ?? 0
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead
      this.#heardAt = now
    }
    return this.#pending === 0 ? 0 : now - this.#heardAt
  }

  /** Whether it is time to give it up. */
  isSilent(now: number): boolean {
    return this.#silentMs !== null && this.silence(now) > this.#silentMs
  }

  /** Counts silence from now on, after the process itself stood still. */
  forgive(now: number): void {
    this.#heardAt = now
  }

  /** Runs a query that was made for another client of the same options. */
  run(query: DriverQuery): void {
    // It would become a part of somebody else's transaction.
    if (this.reserved) throw new Error('A query was about to run on a connection that is reserved')
    this.#send(query, this.#handler)
  }

  /** A transaction, on this connection alone. */
  begin(options: string, work: (tx: postgres.TransactionSql) => unknown): Promise<unknown> {
    return this.client.begin(options, (tx) => {
      this.#follow(handlerOf(tx))
      return work(tx)
    })
  }

  /** A client whose statements all run here, until `release`. The connection must be the caller's alone. */
  async reserve(): Promise<postgres.ReservedSql> {
    const reserved = await this.client.reserve()
    this.#follow(handlerOf(reserved))
    return reserved
  }

  /** Ends it at once: what waits for an answer fails. */
  end(error: Error = new ConnectionLost('The connection was lost')): void {
    if (this.isClosed) return
    this.#closing.abort(error)
    this.#socket?.destroy(error)
    // Fails what the client still holds.
    this.client.end({ timeout: 0 }).catch(() => {})
    this.#owner.onClosed?.(this)
  }

  /** Ends it once nothing waits for an answer any more, or after the time. */
  async close(seconds: number): Promise<void> {
    await this.client.end({ timeout: seconds })
    this.end()
  }

  async #open(identity: Identity | null, timeOutMs: number): Promise<void> {
    const { signal } = this.#closing
    let waiting = true
    const late = () => {
      if (waiting) this.end(new ConnectionLost('The database did not answer in time'))
    }
    // What has arrived by now is read first: a process that stood still is no proof of a silent database.
    const timer = setTimeout(() => setImmediate(late), timeOutMs)
    try {
      this.session = await Promise.race([
        identity ? checkIdentity(this.client, identity) : this.client`select 1`.then(() => null),
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        ),
      ])
    } finally {
      waiting = false
      clearTimeout(timer)
    }
  }

  async #openSocket(address: SocketAddress): Promise<DatabaseSocket> {
    // The client wants another one: the first is gone, and so is this connection.
    if (this.#socket) throw new ConnectionLost('The connection was lost')
    this.#socket = await openSocket(address, this.#closing.signal)
    return this.#socket
  }

  #follow(handler: DriverHandler): void {
    routeQueries(handler, (query) => this.#send(query, handler))
  }

  #send(query: DriverQuery, handler: DriverHandler): void {
    // Sent on a connection without a socket it would be an exception that nothing can catch (porsager/postgres#1208), or
    // wait for ever.
    if (this.isClosed) {
      query.reject(new ConnectionLost('The connection was lost'))
      return
    }
    if (this.#pending === 0) this.#heardAt = performance.now()
    this.#pending += 1
    Promise.prototype.then.call(query, this.#answered, this.#failed)
    handler(query)
  }

  readonly #answered = () => {
    this.#pending -= 1
    if (this.#pending === 0 && !this.reserved) this.#owner.onIdle?.(this)
  }

  readonly #failed = (error: unknown) => {
    if (isConnectionLoss(error)) this.end(error as Error)
    this.#answered()
  }
}

// One at a time: postgres.js keeps the error of a host to itself where there is another one.
function hostsOf(url: string): (string | null)[] {
  const hosts = new URL(url).hostname.split(',')
  return hosts.length > 1 ? hosts.map((host) => decodeURIComponent(host)) : [null]
}
