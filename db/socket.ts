import { connect, type Socket } from 'node:net'
import { ConnectionLost } from './unavailable.ts'

/** What postgres.js knows of where to connect to. */
export interface SocketAddress {
  readonly host: readonly string[]
  readonly port: readonly number[]
  /** A Unix socket, or false. */
  readonly path: string | false
}

/** A socket as postgres.js expects one: TLS looks at its host. */
export type DatabaseSocket = Socket & { host?: string; port?: number }

const CONNECT_MS = 2000
/** When nothing is under way for this time, the kernel asks the other end, and again each second. */
const KEEP_ALIVE_MS = 5000

/**
 * Opens a socket to the database.
 * @param signal ends the attempt
 */
export async function openSocket(address: SocketAddress, signal: AbortSignal): Promise<DatabaseSocket> {
  const [host = 'localhost'] = address.host
  const [port = 5432] = address.port
  const socket: DatabaseSocket = address.path
    ? connect(address.path)
    : connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  socket.host = host
  socket.port = port
  const abort = () => socket.destroy(signal.reason)
  const late = () => socket.destroy(new ConnectionLost('The database did not take a connection in time'))
  const timer = setTimeout(late, CONNECT_MS)
  signal.addEventListener('abort', abort, { once: true })
  try {
    if (signal.aborted) abort()
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return socket
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    socket.removeAllListeners()
  }
}
