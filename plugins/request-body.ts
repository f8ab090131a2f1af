import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, badRequest } from '../schemas/errors.ts'
import { endArrival } from './connections.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body may be a file: it takes as long as it keeps arriving. JSON on the same route does not. */
    upload?: true
  }
  interface FastifyRequest {
    /** Why the body did not arrive whole, where it is known: then what the reader of the body says is no news. */
    bodyFailure: ApiError | null
  }
}

/** An upload that brings less is as good as a dead one. A phone on a bad network brings ten times as much. */
const SLOWEST_BYTES_PER_SECOND = 500
/** Uploads that may be open at once: of an interview session, and of any other credential. */
const OPEN_UPLOADS = { interview: 4, other: 50 } as const

/**
 * What holds for every body: it is not compressed, and it arrives in time. `REQUEST_TIMEOUT` is for the whole of an
 * ordinary request, which Node measures itself. An upload must bring something in each span of that length.
 */
export default fp<{ seconds: number }>(
  async (app: FastifyInstance, { seconds }) => {
    const uploads = new Uploads(app, seconds)
    app.decorateRequest('bodyFailure', null)
    app.addHook('preParsing', (request, reply, payload, done) => {
      try {
        refuseEncoding(request.headers['content-encoding'])
        if (!hasBody(request.raw)) return done(null, withoutBody(request, payload))
        if (isUpload(request)) uploads.watch(request, reply)
        done(null, payload)
      } catch (error) {
        done(error as Error)
      }
    })
  },
  { name: 'request-body', dependencies: ['connections', 'errors'] },
)

// A compressed body would be read as if it were not (RFC 9110, 8.4).
function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return
  const name = encoding.length > 40 ? `${encoding.slice(0, 40)}…` : encoding
  throw new ApiError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding ${name} is not supported`, {
    reason: 'content_encoding',
    hint: 'Send the body uncompressed, without Content-Encoding',
    headers: { 'accept-encoding': 'identity' },
  })
}

/** Whether a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

// By its option optimizeEmptyRequests Node makes no stream of a body that is not there, and no reader would see its end.
// Many clients send a content type all the same.
function withoutBody(request: FastifyRequest, payload: Readable | IncomingMessage) {
  const type = request.headers['content-type']
  if (type === undefined || request.method === 'GET' || request.method === 'HEAD') return payload as Readable
  if (type.startsWith('multipart/')) throw badRequest('body', 'is required')
  return Readable.from([])
}

function isUpload(request: FastifyRequest): boolean {
  const { upload } = request.routeOptions.config
  return upload === true && !request.headers['content-type']?.startsWith('application/json')
}

class Uploads {
  readonly #app: FastifyInstance
  readonly #spanMs: number
  readonly #leastBytes: number
  readonly #open = new Map<string, number>()

  constructor(app: FastifyInstance, seconds: number) {
    this.#app = app
    this.#spanMs = seconds * 1000
    this.#leastBytes = seconds * SLOWEST_BYTES_PER_SECOND
  }

  /** @throws ApiError 429 where the caller has too many open */
  watch(request: FastifyRequest, reply: FastifyReply): void {
    const { raw, actor } = request
    const whose = `${actor?.type} ${actor?.credential.id}`
    const open = this.#open.get(whose) ?? 0
    if (open >= OPEN_UPLOADS[actor?.type === 'interview' ? 'interview' : 'other']) throw tooManyUploads()
    this.#open.set(whose, open + 1)
    this.#app.connections.letArrive(raw)
    const stop = this.#endIfIdle(request, reply)
    raw.once('close', () => {
      stop()
      if (!raw.complete) request.bodyFailure ??= brokenOff()
    })
    reply.raw.once('close', () => {
      const left = (this.#open.get(whose) ?? 1) - 1
      if (left > 0) this.#open.set(whose, left)
      else this.#open.delete(whose)
    })
  }

  #endIfIdle(request: FastifyRequest, reply: FastifyReply): () => void {
    const { raw } = request
    let seen = raw.socket.bytesRead
    const timer = setInterval((): unknown => {
      if (raw.complete) return clearInterval(timer)
      // It was answered before it was whole, and the client has had a while to see that.
      if (reply.raw.writableFinished) return raw.socket.destroy()
      const arrived = raw.socket.bytesRead - seen
      seen += arrived
      // What has arrived and is not read yet is for us to take, be the disk or the storage ever so slow.
      if (arrived >= this.#leastBytes || raw.readableLength > 0) return null
      clearInterval(timer)
      request.bodyFailure ??= stoodStill(this.#spanMs)
      return endArrival(raw, reply.raw, request.bodyFailure)
    }, this.#spanMs)
    timer.unref()
    return () => clearInterval(timer)
  }
}

function stoodStill(spanMs: number): ApiError {
  return new ApiError('REQUEST_TIMEOUT', `Too little of the upload arrived within ${spanMs / 1000} s`, {
    reason: 'upload_stood_still',
  })
}

function brokenOff(): ApiError {
  return new ApiError('BAD_REQUEST', 'The upload ended before it was whole', { reason: 'upload_broken_off' })
}

function tooManyUploads(): ApiError {
  return new ApiError('RATE_LIMITED', 'Too many uploads are open: wait until one of them has ended', {
    reason: 'too_many_uploads',
    headers: { 'retry-after': '1' },
  })
}
