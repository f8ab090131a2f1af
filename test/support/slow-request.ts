import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

/** A request whose headers and first half of the body have arrived. */
export interface SlowRequest {
  /** Sends the rest. @returns the status and the body of the answer */
  finish(): Promise<{ status: number; text: string }>
}

/**
 * Begins a request with a body on a socket of its own, and stops in the middle of the body. It resolves once the
 * server has read the headers, and with them the credential.
 * @param origin where the server listens, on loopback
 */
export async function beginSlowly(
  origin: string,
  request: { method: string; path: string; headers: Record<string, string>; body: string; type?: string },
): Promise<SlowRequest> {
  const { port, hostname } = new URL(origin)
  const { method, path, headers, body, type = 'application/json' } = request
  const bytes = Buffer.from(body)
  const middle = Math.floor(bytes.length / 2)
  const lines = Object.entries({
    host: `${hostname}:${port}`,
    'content-type': type,
    'content-length': String(bytes.length),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`)
  const arrived = headersArrived(path)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  socket.write(bytes.subarray(0, middle))
  await arrived
  const answer = readAnswer(socket)
  return {
    async finish() {
      socket.write(bytes.subarray(middle))
      return answer
    },
  }
}

/** Resolves when the server has read the headers of a request to the path, and its first hooks have run. */
function headersArrived(path: string): Promise<void> {
  return new Promise((resolve) => {
    const listener = (message: unknown) => {
      const { request } = message as { request: { url?: string } }
      if (request.url !== path) return
      unsubscribe('http.server.request.start', listener)
      void turn().then(() => resolve())
    }
    subscribe('http.server.request.start', listener)
  })
}

async function readAnswer(socket: Socket): Promise<{ status: number; text: string }> {
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  const [head = '', ...rest] = Buffer.concat(parts).toString().split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), text: rest.join('\r\n\r\n') }
}
