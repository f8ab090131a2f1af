import { type IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

// What Node calls to write the head of a response, however it is sent. Not among its documented methods, for which
// the tests hold that every kind of answer carries the headers (test/wire/security-headers.test.ts).
interface HeadWriter {
  _storeHeader(statusLine: string, headers: unknown): void
}
const { _storeHeader: storeHeader } = ServerResponse.prototype as unknown as HeadWriter

interface Carrier {
  carry(name: string, value: string | number): void
}

/**
 * A response class for `http.createServer` whose every response carries some headers, also one that is written past
 * Fastify, and takes more by `setOwnHeader`. They are text that needs no check: to set, check and write a dozen headers
 * one by one took a fifth of a small route's time. What a response sets itself wins.
 * @param headers by their names in small letters
 */
export function securedResponse(headers: Readonly<Record<string, string>>) {
  const lines = Object.entries(headers).map(([name, value]) => ({ name, line: lineOf(name, value) }))
  const all = lines.map(({ line }) => line).join('')

  return class SecuredResponse<Request extends IncomingMessage>
    extends ServerResponse<Request>
    implements Carrier
  {
    /** Names and lines by turns. */
    readonly #carried: string[] = []

    carry(name: string, value: string | number): void {
      this.#carried.push(name, lineOf(name, value))
    }

    _storeHeader(statusLine: string, own: Readonly<Record<string, unknown>> = {}): void {
      let missing = all
      for (const { name, line } of lines) if (own[name] !== undefined) missing = missing.replace(line, '')
      const carried = this.#carried
      for (let index = 0; index < carried.length; index += 2) {
        if (own[carried[index] as string] === undefined) missing += carried[index + 1]
      }
      storeHeader.call(this, statusLine + missing, own)
    }
  }
}

/**
 * Sets a header to a value that this server made itself, once a response. It is not checked: nothing that a caller sent
 * may be in it.
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

function lineOf(name: string, value: string | number): string {
  return `${name}: ${value}\r\n`
}
