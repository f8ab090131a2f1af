import Type, { type Static } from 'typebox'
import { type ErrorCode, errorCodes } from './error-codes.ts'
import { type LoggedReason, publicReason } from './reasons.ts'

/** Where in a request something is wrong, e.g. `{path: 'body.name', message: 'must be string'}`. */
export interface ErrorDetail {
  path: string
  message: string
}

interface ApiErrorOptions {
  details?: ErrorDetail[]
  /** A sentence that helps the caller, drawn from nothing that the caller does not know. */
  hint?: string
  /** Why, as a word for programs. The access log keeps it; callers see it where `schemas/reasons.ts` says so. */
  reason?: LoggedReason
  headers?: Record<string, string>
  /** What stands beside `error` in the answer, where an error is a question to the caller. */
  beside?: Record<string, unknown>
  cause?: unknown
}

/** A failure that the caller is told of. Everything else that is thrown becomes `INTERNAL`. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  readonly details: ErrorDetail[] | undefined
  readonly hint: string | undefined
  readonly reason: LoggedReason | undefined
  readonly headers: Record<string, string> | undefined
  readonly beside: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message?: string, options: ApiErrorOptions = {}) {
    super(message ?? errorCodes[code].message, { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.statusCode = errorCodes[code].status
    this.details = options.details
    this.hint = options.hint
    this.reason = options.reason
    this.headers = options.headers
    this.beside = options.beside
  }
}

/** 400 that names one place of the request. */
export function badRequest(path: string, message: string): ApiError {
  return new ApiError('BAD_REQUEST', `${path} ${message}`, { details: [{ path, message }] })
}

/** 404 for what does not exist and for what is another tenant's alike. */
export function notFound(what: string): ApiError {
  return new ApiError('NOT_FOUND', `${what} not found`)
}

/** The body of an answer that tells of an error. */
export function errorEnvelope(error: ApiError, requestId: string): ErrorEnvelope {
  const reason = publicReason(error.reason)
  return {
    error: {
      code: error.code,
      message: error.message,
      requestId,
      ...(reason ? { reason } : {}),
      ...(error.details ? { details: error.details } : {}),
      ...(error.hint ? { hint: error.hint } : {}),
    },
    ...error.beside,
  }
}

/** The envelope of every error. */
export const ErrorEnvelope = Type.Object(
  {
    error: Type.Object({
      code: Type.Enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
      message: Type.String(),
      requestId: Type.String(),
      reason: Type.Optional(
        Type.String({ description: 'A stable word for programs. Each has a page at /docs/errors/<reason>.' }),
      ),
      details: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
      hint: Type.Optional(Type.String()),
    }),
  },
  { $id: 'Error', title: 'Error' },
)
export type ErrorEnvelope = Static<typeof ErrorEnvelope>
