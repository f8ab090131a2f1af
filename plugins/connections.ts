import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf, plainAddress } from '../credentials/addresses.ts'
import { ApiError } from '../schemas/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
  }
}

/** How many connections are open at most: of one client, and in all. */
interface Most {
  readonly ofNetwork: number
  readonly inAll: number
}

/** An open connection, and the request that it brought last. */
interface Connection {
  readonly socket: Socket
  request: IncomingMessage | null
  response: ServerResponse | null
}

const TOTAL = 10_000
/** The part of all connections that one client may have. */
const SHARE = 1 / 10
/** The part of the process's file descriptors that connections may take; the rest is for the database and files. */
const DESCRIPTORS = 3 / 4
const WARN_EVERY_MS = 10_000

/**
 * Bounds open connections, of one client and in all. For a new connection an old one is closed that waits: one whose
 * request still arrives, or one that is idle, of the client that has the most. So whoever opens connections to keep
 * others out closes their own.
 */
export default fp<{ isProxy: ((address: string) => boolean) | null; most?: Most }>(
  async (app: FastifyInstance, { isProxy, most = defaultMost() }) => {
    const connections = new Connections(most, warning(app))
    app.decorate('connections', connections)
    app.server.on('connection', (socket: Socket) => {
      const address = plainAddress(socket.remoteAddress)
      connections.open(socket, networkOf(address), isProxy?.(address) === true)
    })
    app.server.on('request', (request, response) => connections.note(request, response))
  },
  { name: 'connections' },
)

class Connections {
  readonly #most: Most
  readonly #warn: (crowd: string) => void
  readonly #byNetwork = new Map<string, Set<Connection>>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  readonly #uploads = new WeakSet<IncomingMessage>()
  #open = 0

  constructor(most: Most, warn: (crowd: string) => void) {
    this.#most = most
    this.#warn = warn
  }

  /** @param isProxy whether it is a proxy of the operator, which brings many clients */
  open(socket: Socket, network: string, isProxy: boolean): void {
    const crowd = this.#byNetwork.get(network) ?? new Set<Connection>()
    if (!this.#hasRoom(network, isProxy ? 0 : crowd.size)) {
      socket.destroy()
      return
    }
    const connection: Connection = { socket, request: null, response: null }
    this.#bySocket.set(socket, connection)
    this.#byNetwork.set(network, crowd.add(connection))
    this.#open += 1
    socket.once('close', () => {
      this.#open -= 1
      crowd.delete(connection)
      if (crowd.size === 0) this.#byNetwork.delete(network)
    })
  }

  /** Notes what a connection is busy with. */
  note(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#bySocket.get(request.socket)
    if (!connection) return
    connection.request = request
    connection.response = response
  }

  /** Lets a request take longer than `REQUEST_TIMEOUT`: whoever says so watches over it. */
  letArrive(request: IncomingMessage): void {
    this.#uploads.add(request)
  }

  /**
   * Ends a request that took too long to arrive.
   * @returns false where nobody has begun to answer it
   */
  timeOut(socket: Socket): boolean {
    const { request = null, response = null } = this.#bySocket.get(socket) ?? {}
    if (!request || request.complete) return false
    if (!this.#uploads.has(request)) endArrival(request, response, requestTimeout())
    return true
  }

  /**
   * Answers bytes that are no HTTP request. An answer must not be taken for one to another request: a proxy that shares
   * the connection would give it to somebody else (RFC 9112, 6.3). So it waits for the answer before it. Where the
   * malformed bytes belong to a request that has its answer already, the connection ends without another.
   */
  answerMalformed(socket: Socket, answer: () => void): void {
    const { request = null, response = null } = this.#bySocket.get(socket) ?? {}
    const answered = response?.writableFinished ?? true
    if (request?.complete && response && !answered) response.once('finish', answer)
    else if (!request || request.complete || !response?.headersSent) answer()
    else socket.destroy()
  }

  // Where there are too many, closes one.
  #hasRoom(network: string, ofNetwork: number): boolean {
    if (ofNetwork >= this.#most.ofNetwork) return this.#closeOne(network)
    return this.#open < this.#most.inAll || this.#closeOne(this.#largest())
  }

  #largest(): string {
    let [largest, most] = ['', 0]
    for (const [network, { size }] of this.#byNetwork) if (size > most) [largest, most] = [network, size]
    return largest
  }

  #closeOne(network: string): boolean {
    const crowd = [...(this.#byNetwork.get(network) ?? [])].filter(({ socket }) => !socket.destroyed)
    this.#warn(network)
    const spared = crowd.find((one) => this.#arrives(one)) ?? crowd.find(isIdle)
    spared?.socket.destroy()
    return spared !== undefined
  }

  #arrives({ request }: Connection): boolean {
    return request === null || (!request.complete && !this.#uploads.has(request))
  }
}

function isIdle({ response }: Connection): boolean {
  return response === null || response.writableFinished
}

/** 408 for a request that took too long. */
export function requestTimeout(): ApiError {
  return new ApiError('REQUEST_TIMEOUT', undefined, { reason: 'request_timeout' })
}

/**
 * Ends a request whose body does not arrive. Whoever reads the body gets the error, and answers; where nobody reads it,
 * the connection ends with the answer.
 */
export function endArrival(request: IncomingMessage, response: ServerResponse | null, error: ApiError): void {
  if (!response || response.writableFinished) {
    request.socket.destroy()
  } else {
    response.once('finish', () => request.socket.destroySoon())
    if (request.listenerCount('error') > 0) request.emit('error', error)
  }
}

function defaultMost(): Most {
  const inAll = Math.min(TOTAL, Math.floor(openFiles() * DESCRIPTORS))
  return { inAll, ofNetwork: Math.max(1, Math.floor(inAll * SHARE)) }
}

/** How many files the process may have open, of which a connection is one. */
function openFiles(): number {
  // Without it the report looks up the names of addresses.
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : TOTAL
}

function warning(app: FastifyInstance): (network: string) => void {
  let warnedAt = Number.NEGATIVE_INFINITY
  return (network) => {
    const now = performance.now()
    if (now - warnedAt < WARN_EVERY_MS) return
    warnedAt = now
    app.log.warn(`too many open connections, most of them from ${network}: those that wait are closed`)
  }
}
