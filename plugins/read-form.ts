import type { FastifyRequest } from 'fastify'
import { ApiError, badRequest } from '../schemas/errors.ts'

/** A small form with one file, read whole. */
export interface SmallForm {
  readonly file: Buffer
  readonly fields: Readonly<Record<string, string>>
}

/**
 * Reads a multipart request with one file, the field `file`, and small fields of text beside it.
 * @param fields what may stand beside the file
 * @throws ApiError 400 for another field, or no file; 413 for more than `limitBytes`; 415 for what is not multipart
 */
export async function readForm(
  request: FastifyRequest,
  limitBytes: number,
  fields: readonly string[],
): Promise<SmallForm> {
  if (request.headers['content-type'] === undefined) throw badRequest('body.file', 'is required')
  if (!request.isMultipart()) {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send multipart/form-data with the CSV as the field file')
  }
  let file: Buffer | undefined
  const values: Record<string, string> = {}
  try {
    for await (const part of request.parts({ limits: { fileSize: limitBytes } })) {
      const { fieldname } = part
      if (part.type === 'file') {
        if (fieldname !== 'file') throw badRequest(`body.${fieldname}`, 'is not a known field')
        file = await part.toBuffer()
      } else if (!fields.includes(fieldname)) {
        throw badRequest(`body.${fieldname}`, 'is not a known field')
      } else if (typeof part.value !== 'string') {
        // The library has read it as JSON, and numbers may have changed on the way.
        throw badRequest(`body.${fieldname}`, 'must be plain text: send it without a content type')
      } else values[fieldname] = part.value
    }
  } catch (error) {
    // What is left of the request is read and dropped, so that the caller gets to see the answer.
    request.raw.unpipe()
    request.raw.resume()
    throw explain(error)
  }
  if (!file) throw badRequest('body.file', 'is required')
  return { file, fields: values }
}

function explain(error: unknown): unknown {
  const { statusCode } = error as { statusCode?: number }
  if (error instanceof ApiError || statusCode === 413) return error
  return new ApiError('BAD_REQUEST', 'The form is not whole multipart data', { cause: error })
}
