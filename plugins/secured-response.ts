import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'

type Value = number | string | readonly string[]
/** Names and values by turns: the quickest form for Node to write. */
type Flat = Value[]
type Given = OutgoingHttpHeaders | readonly Value[]

interface Carrier {
  /** Adds a header that a later one of the same name replaces. */
  carry(name: string, value: string | number): void
}

/**
 * A response class for `http.createServer` whose every response carries some headers, also one that is written past
 * Fastify, and takes more by `setOwnHeader`. What a response sets itself wins.
 * @param headers by their names in small letters
 * @throws Error where this Node writes the head of a response in some way without them
 */
export function securedResponse(headers: Readonly<Record<string, string>>) {
  const all: readonly Value[] = Object.entries(headers).flat()

  class SecuredResponse<Request extends IncomingMessage> extends ServerResponse<Request> implements Carrier {
    readonly #carried: Flat = [...all]

    carry(name: string, value: string | number): void {
      this.#carried.push(name, value)
    }

    override writeHead(status: number, reason?: string | Given, more?: Given): this {
      const sent = this.#carried
      for (const name of this.getHeaderNames()) drop(sent, name)
      const given = typeof reason === 'string' ? more : reason
      if (Array.isArray(given)) {
        for (let index = 0; index < given.length; index += 2) drop(sent, String(given[index]).toLowerCase())
        sent.push(...given)
      } else {
        addAll(sent, (given ?? {}) as OutgoingHttpHeaders)
      }
      // Node's types know no array of numbers and lists, which it takes.
      const flat = sent as string[]
      return typeof reason === 'string'
        ? super.writeHead(status, reason, flat)
        : super.writeHead(status, flat)
    }
  }

  for (const [way, answer] of Object.entries(ways)) requireHeaders(SecuredResponse, headers, way, answer)
  return SecuredResponse
}

/** Every way in which a response writes its head. */
const ways: Readonly<Record<string, (response: ServerResponse) => void>> = {
  end: (response) => response.end(),
  // By then the head is fixed. Node holds a written text back until the end, or the next turn of the event loop.
  write: (response) => {
    response.write('text')
    response.end()
  },
  flushHeaders: (response) => {
    response.flushHeaders()
    response.end()
  },
  writeHead: (response) => response.writeHead(204).end(),
  'writeHead with an object': (response) => response.writeHead(200, 'OK', { 'x-own': '1' }).end(),
  'writeHead with a list': (response) => response.writeHead(200, ['x-own', '1']).end(),
}

// Node writes an implicit head by writeHead, too. Its documentation does not promise that, so the start tries each way
// and reads what was written. A Node that does otherwise serves nobody (docs/private-apis.md).
function requireHeaders(
  Response: ReturnType<typeof securedResponse>,
  headers: Readonly<Record<string, string>>,
  way: string,
  answer: (response: ServerResponse) => void,
): void {
  const response = new Response(new IncomingMessage(new Socket()))
  const socket = new PassThrough()
  response.assignSocket(socket as unknown as Socket)
  answer(response)
  const head = String(socket.read()).split('\r\n\r\n', 1)[0]?.split('\r\n') ?? []
  for (const [name, value] of Object.entries(headers)) {
    if (!head.includes(`${name}: ${value}`))
      throw new Error(
        `Node ${process.version} writes a response without ${name} (by ${way}): use the Node of package.json`,
      )
  }
}

function addAll(sent: Flat, given: OutgoingHttpHeaders): void {
  // No header is taken away below this length.
  const before = sent.length
  for (const name in given) {
    const value = given[name]
    if (value === undefined) continue
    const at = indexOf(sent, name, before)
    if (at === -1) sent.push(name, value)
    else sent[at + 1] = value
  }
}

function indexOf(sent: Flat, name: string, end: number): number {
  for (let index = 0; index < end; index += 2) if (sent[index] === name) return index
  return -1
}

function drop(sent: Flat, name: string): void {
  const at = indexOf(sent, name, sent.length)
  if (at !== -1) sent.splice(at, 2)
}

/**
 * Sets a header whose value this server made itself, once a response.
 * @param name in small letters
 */
export function setOwnHeader(reply: FastifyReply, name: string, value: string | number): void {
  if (isSecured(reply.raw)) reply.raw.carry(name, value)
  else reply.header(name, value)
}

/** Whether a response is of such a class; the one to an injected request is not. */
export function isSecured(response: ServerResponse): response is ServerResponse & Carrier {
  return 'carry' in response
}
