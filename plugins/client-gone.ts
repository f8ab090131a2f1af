import type { FastifyRequest } from 'fastify'

/** The codes that Node and multipart readers give to a connection, or a stream on it, that ended too early. */
const endings = new Set([
  'ABORT_ERR',
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'FST_MP_PREMATURE_CLOSE',
])

/** Whether an error says that a stream or a connection ended too early, whoever ended it. */
export function isBrokenOff(error: unknown): boolean {
  return endings.has((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * Whether a request failed because its client went away. A network does this every day: it is no error of ours. A
 * database connection fails with the same codes, so the connection of the client decides.
 */
export function isClientGone({ raw }: FastifyRequest, error: unknown): boolean {
  return isBrokenOff(error) && (raw.destroyed || raw.socket.destroyed)
}
