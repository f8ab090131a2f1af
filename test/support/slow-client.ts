import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A connection that sends what it is told, and keeps what comes back. */
export interface SlowClient {
  readonly socket: Socket
  send(text: string | Buffer): void
  /** Sends a byte again and again, until the connection is closed. */
  trickle(byte?: string, everyMs?: number): void
  /** All that has come back so far. */
  received(): string
  /** What had come back when the other side closed the connection. */
  readonly closed: Promise<string>
}

/** Opens a connection to a server of this machine; it ends with the test. */
export function slowClient(t: Test, base: string, from = '127.0.0.1'): SlowClient {
  const { hostname, port } = new URL(base)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  let received = ''
  let timer: ReturnType<typeof setInterval> | undefined
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  // A server that cuts a connection while bytes are on their way resets it.
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => {
      clearInterval(timer)
      resolve(received)
    })
  })
  t.teardown(() => socket.destroy())
  return {
    socket,
    send: (text) => void socket.write(text),
    trickle: (byte = 'x', everyMs = 100) => {
      timer = setInterval(() => socket.write(byte), everyMs)
    },
    received: () => received,
    closed,
  }
}

/** The parts of an answer as it came. */
export function parseAnswer(text: string): { status: number; headers: Record<string, string>; body: string } {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
  })
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: rest.join('\r\n\r\n'),
  }
}
