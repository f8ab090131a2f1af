import type { Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { type Incoming, tooLarge } from '../operations/files/incoming.ts'
import type { Arrived } from '../operations/files/take.ts'
import { ApiError, badRequest } from '../schemas/errors.ts'
import { isBrokenOff } from './client-gone.ts'

// Boundaries and the headers of the part, beside the file itself.
const ENVELOPE_BYTES = 16 * 1024

/**
 * Takes the one file of a multipart request (RFC 7578), the field `file`, as it arrives. When it resolves the whole
 * request has been read, and there was nothing else in it.
 * @param id what it arrives under
 * @throws ApiError 400 for no file, another field or a request that broke off, 413 for more than `limitBytes`
 */
export async function receiveFile(
  request: FastifyRequest,
  incoming: Incoming,
  id: string,
  limitBytes: number,
): Promise<Arrived> {
  if (!request.isMultipart()) throw notMultipart(request)
  if (Number(request.headers['content-length']) > limitBytes + ENVELOPE_BYTES) throw tooLarge(limitBytes)
  try {
    return await readParts(request, incoming, id, limitBytes)
  } catch (error) {
    // What is left of the request is read and dropped, so that the caller gets to see the answer.
    request.raw.unpipe()
    request.raw.resume()
    throw explain(request, error)
  }
}

async function readParts(
  request: FastifyRequest,
  incoming: Incoming,
  id: string,
  limitBytes: number,
): Promise<Arrived> {
  let arrived: Arrived | null = null
  // One part more than may be, so that there is one to name in the refusal. The size is counted where it is written.
  const limits = { fileSize: Number.POSITIVE_INFINITY, files: 2, fields: 1, parts: 3, fieldSize: 1024 }
  for await (const part of request.parts({ limits })) {
    if (part.type !== 'file' || part.fieldname !== 'file') throw unknownField(part)
    if (arrived) throw badRequest('body.file', 'was sent twice: send one file at a time')
    const received = await incoming.receive(id, part.file, limitBytes)
    arrived = { received, name: part.filename }
  }
  if (!arrived) throw badRequest('body.file', 'is required')
  return arrived
}

function notMultipart({ headers }: FastifyRequest): ApiError {
  if (headers['content-type'] === undefined) return badRequest('body.file', 'is required')
  return new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send the file as multipart/form-data, in the field file')
}

function unknownField(part: Multipart): ApiError {
  if (part.type === 'field' && part.fieldname === 'file') return badRequest('body.file', 'must be a file')
  return badRequest(`body.${part.fieldname.slice(0, 100)}`, 'is not a known field')
}

function explain(request: FastifyRequest, error: unknown): unknown {
  if (error instanceof ApiError) return error
  const { code, statusCode } = error as Error & { code?: string; statusCode?: number }
  if (code?.startsWith('FST_') && statusCode === 413)
    return badRequest('body', 'has more parts than one file')
  // What is left is the connection's, the parser's, which gives its errors no code, or a fault of ours.
  const malformed = error instanceof Error && error.constructor === Error && code === undefined
  if (malformed || isBrokenOff(error) || request.raw.destroyed) {
    return new ApiError('BAD_REQUEST', 'The upload is not whole multipart data', {
      reason: 'upload_broken_off',
      cause: error,
    })
  }
  return error
}
