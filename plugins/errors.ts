import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isStalePlan } from '../db/driver-guards.ts'
import { isOutage, OverloadedDatabase, sqlState } from '../db/unavailable.ts'
import { whyOf } from '../operations/core/why.ts'
import { ApiError, type ErrorDetail, ErrorEnvelope, errorEnvelope } from '../schemas/errors.ts'
import { newId } from '../schemas/ids.ts'
import type { LoggedReason } from '../schemas/reasons.ts'
import { ruleOfPattern } from '../schemas/visible-text.ts'
import { isClientGone } from './client-gone.ts'
import { requestTimeout } from './connections.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was refused, for the access log. */
    refusalReason: LoggedReason | null
  }
}

interface ValidationEntry {
  instancePath: string
  keyword: string
  message?: string
  params: Record<string, unknown>
}

/** The one door for failures: everything thrown leaves as the contract's envelope, and nothing internal with it. */
export default fp(
  async (app: FastifyInstance) => {
    app.addSchema(ErrorEnvelope)
    app.decorateRequest('refusalReason', null)
    app.setErrorHandler((error: FastifyError | Error, request, reply) => {
      const known =
        request.bodyFailure ??
        (isClientGone(request, error) ? brokenOff(request, error) : toApiError(error, request))
      if (known.statusCode >= 500) logFailure(known, error, request)
      return sendError(known, request, reply)
    })
  },
  { name: 'errors' },
)

/** Answers a URL that the router can't read: no hook has seen the request, so that its id is added here. */
export function frameworkErrors(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const message =
    error.code === 'FST_ERR_BAD_URL' ? 'The URL is not well-formed' : 'A part of the path is too long'
  reply.header('x-request-id', request.id)
  return sendError(new ApiError('BAD_REQUEST', message, { cause: error }), request, reply)
}

/** A client that has been told, and is still sending, is cut off after this time. */
const LINGER_MS = 1000

/**
 * Answers what is no HTTP request at all, one whose headers are too large, and one that took too long to arrive, and
 * closes the connection.
 * @param headers every answer carries these
 */
export function clientErrorHandler(headers: Readonly<Record<string, string>>) {
  return function answer(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
    const { code = '' } = error
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && this.connections.timeOut(socket)) return
    this.connections.answerMalformed(socket, () =>
      writeError(clientErrors[code] ?? badRequestLine, headers, socket),
    )
  }
}

function writeError(error: ApiError, headers: Readonly<Record<string, string>>, socket: Socket): void {
  const requestId = newId('req')
  const body = JSON.stringify(errorEnvelope(error, requestId))
  const fields = Object.entries({
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  })
  const head = `HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}`
  socket.end([head, ...fields.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n'))
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

const badRequestLine = new ApiError('BAD_REQUEST', 'This is not a well-formed HTTP request')
const clientErrors: Record<string, ApiError> = {
  HPE_HEADER_OVERFLOW: new ApiError('BAD_REQUEST', 'The headers are too large: 16 KiB in all is the most'),
  ERR_HTTP_REQUEST_TIMEOUT: requestTimeout(),
}

const OUTAGE_LINE_MS = 10_000
const outage = { toldAt: Number.NEGATIVE_INFINITY, untold: 0 }

// What is out of reach for a while is no fault of the code: a line says what. Everything else needs its stack. Without a
// database every request is refused: the first is told of at once, and those of each ten seconds in one line.
function logFailure(known: ApiError, error: Error, request: FastifyRequest): void {
  const { id: requestId } = request
  const { reason, cause } = known
  if (known.code !== 'UNAVAILABLE') {
    request.log.error({ err: error, requestId }, 'request failed')
    return
  }
  const why = cause === undefined ? undefined : whyOf(cause)
  if (reason === 'starting' || reason === 'stopping') {
    request.log.debug({ requestId, reason }, 'asked whether it is ready, and it is not')
    return
  }
  if (reason !== 'database_unavailable' && reason !== 'overloaded') {
    request.log.error({ requestId, reason, why }, `request refused: ${known.message}`)
    return
  }
  outage.untold += 1
  const now = performance.now()
  if (now - outage.toldAt < OUTAGE_LINE_MS) return
  const { untold: requests } = outage
  outage.toldAt = now
  outage.untold = 0
  request.log.error({ requestId, reason, why, requests }, `request refused: ${known.message}`)
}

function sendError(error: ApiError, request: FastifyRequest, reply: FastifyReply) {
  request.refusalReason ??= error.reason ?? null
  if (error.headers) reply.headers(error.headers)
  if (error.statusCode === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  // RFC 9110, 15.5.2: every 401 has one. What is refused may also be a password or a mailed token.
  if (error.statusCode === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer')
  return reply
    .code(error.statusCode)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(errorEnvelope(error, request.id))
}

function toApiError(error: FastifyError | Error, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error
  if ('validation' in error && error.validation) {
    return validationError(
      error.validation as unknown as ValidationEntry[],
      error.validationContext ?? 'body',
      request.query,
    )
  }
  return databaseError(error) ?? frameworkError(error as FastifyError)
}

function validationError(entries: readonly ValidationEntry[], context: string, query: unknown): ApiError {
  const details = new Map<string, ErrorDetail>()
  for (const entry of entries) {
    const detail = describe(entry, context)
    if (context === 'querystring' && lostPlus(entry, query)) detail.message += PLUS_IN_URL
    // Of a failed union Ajv names each branch: the first sentence about a place is enough.
    if (!details.has(detail.path)) details.set(detail.path, detail)
  }
  const [first] = details.values()
  return new ApiError('BAD_REQUEST', first ? `${first.path} ${first.message}` : 'Invalid request', {
    details: [...details.values()],
  })
}

function describe({ instancePath, keyword, message, params }: ValidationEntry, context: string): ErrorDetail {
  const place = context + instancePath.replaceAll('/', '.')
  if (keyword === 'additionalProperties')
    return { path: `${place}.${params.additionalProperty}`, message: 'is not a known field' }
  if (keyword === 'required') return { path: `${place}.${params.missingProperty}`, message: 'is required' }
  if (keyword === 'enum')
    return { path: place, message: `must be one of: ${(params.allowedValues as string[]).join(', ')}` }
  const rule = keyword === 'pattern' ? ruleOfPattern[String(params.pattern)] : undefined
  if (rule) return { path: place, message: rule }
  if (keyword === 'pattern') {
    const prefix = /^\^([a-z]+_)\[0-7\]/.exec(String(params.pattern))?.[1]
    if (prefix) return { path: place, message: `must be an id, which begins with ${prefix}` }
  }
  const format = keyword === 'format' ? formats[String(params.format)] : undefined
  return { path: place, message: format ?? message ?? 'is invalid' }
}

// In a query a + stands for a blank (WHATWG URL, application/x-www-form-urlencoded): +02:00 arrives as " 02:00".
const PLUS_IN_URL = '. In a URL write + as %2B, as in 2026-12-31T23:59:59%2B02:00'

function lostPlus({ keyword, params, instancePath }: ValidationEntry, query: unknown): boolean {
  if (keyword !== 'format' || params.format !== 'date-time') return false
  const value = (query as Record<string, unknown>)[instancePath.slice(1)]
  return typeof value === 'string' && / \d\d:?\d\d$/.test(value)
}

const formats: Record<string, string> = {
  'date-time': 'must be a point in time such as 2026-12-31T23:59:59Z (RFC 3339)',
  email: 'must be an e-mail address',
}

/** Says what a failure of the database means to the caller; null for another failure. */
function databaseError(cause: Error): ApiError | null {
  if (isStalePlan(cause)) {
    return new ApiError('UNAVAILABLE', 'The database was changed meanwhile: try again', { cause })
  }
  if (cause instanceof OverloadedDatabase) {
    return new ApiError('UNAVAILABLE', 'Too much work waits for the database: try again', {
      cause,
      reason: 'overloaded',
    })
  }
  if (isOutage(cause)) {
    return new ApiError('UNAVAILABLE', 'The database is out of reach', {
      cause,
      reason: 'database_unavailable',
    })
  }
  const state = sqlState(cause)
  if (state === null) return null
  // Class 22 is data that PostgreSQL can't hold, e.g. a NUL character within text: the caller's, not ours.
  if (state.startsWith('22'))
    return new ApiError('BAD_REQUEST', 'The request holds a character or a number that can not be stored', {
      cause,
    })
  if (state === '23505') return new ApiError('CONFLICT', 'That exists already', { cause })
  if (state === '23503') {
    return new ApiError('CONFLICT', 'Another request deleted what this one needs', { cause })
  }
  if (state.startsWith('40'))
    // A deadlock is our fault, and no conflict that the caller can resolve.
    return new ApiError('UNAVAILABLE', 'Another request changed this at the same time: try again', {
      headers: { 'retry-after': '1' },
      cause,
    })
  return new ApiError('INTERNAL', undefined, { cause })
}

function brokenOff(request: FastifyRequest, cause: Error): ApiError {
  request.log.debug({ requestId: request.id, why: whyOf(cause) }, 'the client closed the connection')
  return request.raw.complete
    ? new ApiError('BAD_REQUEST', 'The connection ended before the answer', { reason: 'client_gone', cause })
    : new ApiError('BAD_REQUEST', 'The request ended before it was whole', {
        reason: 'upload_broken_off',
        cause,
      })
}

function frameworkError(error: FastifyError): ApiError {
  if (error.statusCode === 413) return new ApiError('PAYLOAD_TOO_LARGE', undefined, { cause: error })
  if (error.statusCode === 415) {
    return new ApiError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send the body as application/json, or a file as multipart/form-data',
      { cause: error },
    )
  }
  if (error.statusCode === 400) return new ApiError('BAD_REQUEST', error.message, { cause: error })
  return new ApiError('INTERNAL', undefined, { cause: error })
}
