import Type, { type Static } from 'typebox'

/** The catalogue: every code that the API answers with, its status and its usual sentence. */
const catalogue = {
  BAD_REQUEST: { status: 400, message: 'Bad request' },
  UNAUTHORIZED: { status: 401, message: 'Missing credentials' },
  FORBIDDEN: { status: 403, message: 'Insufficient permissions for this resource' },
  NOT_FOUND: { status: 404, message: 'Not found' },
  CONFLICT: { status: 409, message: 'Conflict' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'Payload too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'Unsupported media type' },
  RANGE_NOT_SATISFIABLE: { status: 416, message: 'The file has no such bytes' },
  IDEMPOTENCY_MISMATCH: { status: 422, message: 'This Idempotency-Key was used with another request' },
  RATE_LIMITED: { status: 429, message: 'Too many requests' },
  INTERNAL: { status: 500, message: 'Internal error' },
  UNAVAILABLE: { status: 503, message: 'Temporarily unavailable' },
} as const satisfies Record<string, { status: number; message: string }>

export type ErrorCode = keyof typeof catalogue

/** Where in a request something is wrong, e.g. `{path: 'body.name', message: 'must be string'}`. */
export interface ErrorDetail {
  path: string
  message: string
}

interface ApiErrorOptions {
  details?: ErrorDetail[]
  /** A sentence that helps the caller, drawn from nothing that the caller does not know. */
  hint?: string
  /** What the access log keeps as the reason; the caller never sees it. */
  reason?: string
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
  readonly reason: string | undefined
  readonly headers: Record<string, string> | undefined
  readonly beside: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message?: string, options: ApiErrorOptions = {}) {
    super(message ?? catalogue[code].message, { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.statusCode = catalogue[code].status
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

/** The envelope of every error. */
export const ErrorEnvelope = Type.Object(
  {
    error: Type.Object({
      code: Type.Enum(Object.keys(catalogue) as [ErrorCode, ...ErrorCode[]]),
      message: Type.String(),
      requestId: Type.String(),
      details: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
      hint: Type.Optional(Type.String()),
    }),
  },
  { $id: 'Error', title: 'Error' },
)
export type ErrorEnvelope = Static<typeof ErrorEnvelope>
