import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions as TlsOptions } from 'node:tls'
import { ConnectionLost } from './unavailable.ts'

/** What postgres.js knows of where to connect to. */
export interface SocketAddress {
  readonly host: readonly string[]
  readonly port: readonly number[]
  /** A Unix socket, or false. */
  readonly path: string | false
}

const CONNECT_MS = 2000
/** When nothing is under way for this time, the kernel asks the other end, and again each second. */
const KEEP_ALIVE_MS = 5000
/** The message by which a client asks for TLS: its length, and the number that stands for this wish. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const TLS_GRANTED = 'S'

/**
 * Opens a socket to the database, with TLS where the URL asks for it. postgres.js would wrap the socket by itself and
 * keep the outer one to itself; the outer one has to be destroyed when the connection is given up.
 * @param sslMode as libpq has it
 * @param signal ends the attempt
 */
export async function openSocket(
  address: SocketAddress,
  sslMode: string,
  signal: AbortSignal,
): Promise<Socket> {
  const [host = 'localhost'] = address.host
  const [port = 5432] = address.port
  const socket = address.path
    ? connect(address.path)
    : connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  const abort = () => socket.destroy(signal.reason)
  const late = () => socket.destroy(new ConnectionLost('The database did not take a connection in time'))
  const timer = setTimeout(late, CONNECT_MS)
  signal.addEventListener('abort', abort, { once: true })
  // Also while nobody waits for it: an error that nobody hears would end the process.
  const failed = new Promise<never>((_, reject) => socket.on('error', reject))
  failed.catch(() => {})
  try {
    if (signal.aborted) abort()
    const open = once(socket, 'connect').then(() => (address.path ? socket : secured(socket, host, sslMode)))
    return await Promise.race([open, failed])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

async function secured(socket: Socket, host: string, sslMode: string): Promise<Socket> {
  if (sslMode === 'disable') return socket
  socket.write(TLS_REQUEST)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (answer.toString('latin1') !== TLS_GRANTED) {
    if (sslMode === 'prefer' || sslMode === 'allow') return socket
    throw new ConnectionLost(`The database offers no TLS, and sslmode=${sslMode} asks for it`)
  }
  const secure = connectSecurely({ socket, ...tlsOptions(host, sslMode) })
  await once(secure, 'secureConnect')
  return secure
}

function tlsOptions(host: string, sslMode: string): TlsOptions {
  const servername = isIP(host) ? {} : { servername: host }
  if (sslMode === 'verify-full') return { host, ...servername }
  // A certificate of an authority that is trusted, for whatever name.
  if (sslMode === 'verify-ca') return { ...servername, checkServerIdentity: () => undefined }
  return { ...servername, rejectUnauthorized: false }
}
