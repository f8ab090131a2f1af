import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { until } from './until.ts'

/** A message as a receiver got it, byte for byte. */
export interface ReceivedMessage {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The body, read. */
  readonly event: { id: string; type: string; createdAt: string; data: Record<string, unknown> }
  readonly path: string
}

/** A receiver of webhooks on a free port of loopback. */
export interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: ReceivedMessage[]
  /** How it answers; 200 unless told otherwise. */
  answer: (message: ReceivedMessage, response: ServerResponse) => void
  /** Waits for so many messages that fit. */
  take(count: number, fits?: (message: ReceivedMessage) => boolean): Promise<ReceivedMessage[]>
}

/** Starts a receiver; it ends with the test. */
export async function startReceiver(t: Test): Promise<Receiver> {
  const received: ReceivedMessage[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const id = String(request.headers['webhook-id'])
      const message = { id, headers: request.headers, body, event: JSON.parse(body), path: request.url ?? '' }
      received.push(message)
      receiver.answer(message, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    answer: (_message, response) => {
      response.end('thanks')
    },
    async take(count, fits = () => true) {
      await until(() => received.filter(fits).length >= count, `${count} messages`)
      return received.filter(fits)
    },
  }
  return receiver
}

/** The headers that the `standardwebhooks` package reads. */
export function signatureOf({ headers }: ReceivedMessage): Record<string, string> {
  return Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])]),
  )
}
