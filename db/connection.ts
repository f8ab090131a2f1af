import type { Socket } from 'node:net'
import postgres from 'postgres'
import {
  type DriverHandler,
  type DriverQuery,
  guardDriver,
  handlerOf,
  routeQueries,
} from './driver-guards.ts'
import { checkIdentity, type Identity, type Session } from './identity.ts'
import { openSocket, type SocketAddress } from './socket.ts'
import { ConnectionLost, isConnectionLoss, isReadOnly } from './unavailable.ts'

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
  /** A transaction that takes so long is broken off. Null: it may take for ever. */
  readonly transactionMs: number | null
}

/** Who a connection tells what becomes of it. */
export interface ConnectionOwner {
  /** It has ended, for whatever reason: told once. */
  onClosed?(connection: Connection): void
  /** It has answered everything. */
  onIdle?(connection: Connection): void
}

/** A backend collects memory: a connection that waits for nobody is renewed after this time. */
const LIFETIME_MS = 45 * 60_000

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
  /** Another connection may reach a server that takes writes. */
  #readOnly = false
  readonly #handler: DriverHandler
  readonly #silentMs: number | null
  readonly #transactionMs: number | null
  #reservedAt: number | null = null
  readonly #owner: ConnectionOwner
  readonly #closing = new AbortController()
  #socket: Socket | null = null
  #pending = 0
  /** When something was last heard, or began to be waited for. */
  #heardAt = 0
  #bytesRead = 0

  private constructor(spec: ConnectionSpec, host: string | null, owner: ConnectionOwner) {
    this.#silentMs = spec.silentMs
    this.#transactionMs = spec.transactionMs
    this.#owner = owner
    const options = {
      ...spec.options,
      ...(host === null ? {} : { host }),
      max: 1,
      max_lifetime: null,
      ssl: false,
      onclose: () => this.end(),
      // Of postgres.js, though not of its types.
      socket: (address: SocketAddress) => this.#openSocket(address, sslModeOf(spec.url)),
    }
    this.client = postgres(spec.url, options)
    this.#handler = handlerOf(this.client)
    this.#follow(this.#handler)
  }

  /**
   * Opens a connection and makes sure that it is who it must be.
   * @param timeOutMs for all hosts of the URL together, in equal parts
   * @throws what refused it; ConnectionLost where nothing answers in time; WrongLogin
   */
  static async open(
    spec: ConnectionSpec,
    owner: ConnectionOwner = {},
    timeOutMs: number = OPEN_MS,
  ): Promise<Connection> {
    guardDriver()
    let failure: unknown
    const hosts = hostsOf(spec.url)
    for (const host of hosts) {
      const connection = new Connection(spec, host, owner)
      try {
        await connection.#open(spec.identity, timeOutMs / hosts.length)
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

  /** How many bytes have arrived. */
  get bytesRead(): number {
    return this.#socket?.bytesRead ?? 0
  }

  /** For how long a statement has waited while nothing was heard at all, in milliseconds. */
  silence(now: number): number {
    const { bytesRead } = this
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead
      this.#heardAt = now
    }
    return this.#pending === 0 ? 0 : now - this.#heardAt
  }

  /** Whether a transaction has it for itself. */
  get reserved(): boolean {
    return this.#reservedAt !== null
  }

  set reserved(reserved: boolean) {
    this.#reservedAt = reserved ? performance.now() : null
  }

  /** Whether it waits for nothing, and nobody has it. */
  get isIdle(): boolean {
    return !this.reserved && this.#pending === 0
  }

  /** Whether to replace it once it is idle. */
  isOld(now: number): boolean {
    return this.#readOnly || now - this.openedAt > LIFETIME_MS
  }

  /** Whether it is time to give it up: nothing comes over it any more, or its transaction takes too long. */
  isOverdue(now: number): boolean {
    const silent = this.#silentMs !== null && this.silence(now) > this.#silentMs
    const since = this.#reservedAt
    return silent || (this.#transactionMs !== null && since !== null && now - since > this.#transactionMs)
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

  async #openSocket(address: SocketAddress, sslMode: string): Promise<Socket> {
    // The client wants another one: the first is gone, and so is this connection.
    if (this.#socket) throw new ConnectionLost('The connection was lost')
    this.#socket = await openSocket(address, sslMode, this.#closing.signal)
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
    if (isReadOnly(error)) this.#readOnly = true
    this.#answered()
  }
}

/** The one that others may use which has the least to do. */
export function leastBusy(connections: readonly Connection[]): Connection | null {
  let best: Connection | null = null
  for (const connection of connections) {
    if (!connection.reserved && (best === null || connection.pending < best.pending)) best = connection
  }
  return best
}

// One at a time: postgres.js keeps the error of a host to itself where there is another one.
function hostsOf(url: string): (string | null)[] {
  const hosts = new URL(url).hostname.split(',')
  return hosts.length > 1 ? hosts.map((host) => decodeURIComponent(host)) : [null]
}

function sslModeOf(url: string): string {
  return new URL(url).searchParams.get('sslmode') ?? 'disable'
}
