import { errorCodes } from '../error-codes.ts'
import type { ApiDocument, ApiOperation, ApiResponse } from './document.ts'

/** What each error means to a caller. */
export const errorDescriptions: Readonly<Record<number, string>> = {
  400: 'A header, the body or a parameter is missing or malformed',
  401: 'No credential, or one that is not valid',
  403: 'The credential is valid and not enough',
  404: 'There is no such thing in this organization',
  405: 'The path has other methods: `Allow` names them',
  408: 'The request took too long to arrive',
  409: 'The state does not allow it, or it exists already',
  413: 'The body is too large',
  415: 'The body is of another type, or compressed',
  416: 'The file has no such bytes',
  422: 'The Idempotency-Key was used with another request',
  429: 'Too many requests: try again after `Retry-After` seconds',
  500: 'The server failed. It tells nothing else; give its operator the request id',
  503: 'Temporarily unavailable: try again after `Retry-After` seconds',
}

const successes: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted: it is done soon',
  204: 'Done; there is no body',
}

/** Response headers besides `x-request-id`, by status. */
const headersOf: Readonly<Record<string, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
  503: ['Retry-After'],
}

const headers: Readonly<Record<string, string>> = {
  'X-Request-Id': 'Names the request in the log: `GET /api/logs/{requestId}` explains a refusal to its owner',
  'Idempotent-Replayed': '`true`: the answer of an earlier request with this Idempotency-Key',
  'Retry-After': 'Seconds',
  'WWW-Authenticate': '`Bearer`',
  Allow: 'The methods of the path',
  'X-RateLimit-Limit': 'Requests in a window',
  'X-RateLimit-Remaining': 'Requests that are left of it',
  'X-RateLimit-Reset': 'Seconds until the next window',
}

/** Errors that every operation can answer with, whatever it does. */
// A Content-Encoding is refused on a GET, too.
const always = [400, 405, 408, 415, 429, 500, 503]
/** Of those that read a body. */
const withBody = [413]
/** Of those that need a credential: it may be missing, of another type, of too little scope, or sent across sites. */
const withCredential = [401, 403]

/** Describes every answer of an operation: its errors by shared components, its headers, its successes. */
export function completeResponses(method: string, operation: ApiOperation): void {
  const { responses } = operation
  const common = [
    ...always,
    ...(method === 'get' ? [] : withBody),
    ...((operation['x-access'] ?? 'public') === 'public' ? [] : withCredential),
  ]
  for (const status of common) responses[status] ??= errorResponse(status)
  for (const [status, response] of Object.entries(responses)) {
    if (isErrorEnvelope(response))
      responses[status] = { $ref: `#/components/responses/${nameOf(Number(status))}` }
    else describe(status, response, operation)
  }
}

function describe(status: string, response: ApiResponse, operation: ApiOperation): void {
  if (response.description === 'Default Response') response.description = successes[status] ?? 'Done'
  const replays = Number(status) < 300 && operation.responses['422'] !== undefined
  const names = ['X-Request-Id', ...(replays ? ['Idempotent-Replayed'] : [])]
  response.headers = { ...response.headers, ...headerRefs(names) }
}

/** The components that `completeResponses` refers to. */
export function responseComponents(): Pick<NonNullable<ApiDocument['components']>, 'responses' | 'headers'> {
  const described = Object.entries(headers).map(([name, description]) => {
    const schema = description.startsWith('`') || name === 'Allow' ? {} : { type: 'string' }
    return [name, { description, schema: { type: 'string', ...schema } }]
  })
  return {
    headers: Object.fromEntries(described),
    responses: Object.fromEntries(
      Object.keys(errorDescriptions).map((status) => [nameOf(Number(status)), errorResponse(Number(status))]),
    ),
  }
}

function errorResponse(status: number): ApiResponse {
  return {
    description: errorDescriptions[status] ?? 'An error',
    headers: headerRefs(['X-Request-Id', ...(headersOf[status] ?? [])]),
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/Error' }, example: errorExample(status) },
    },
  }
}

function headerRefs(names: readonly string[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function errorExample(status: number): object {
  const [code, message] = codeOf(status)
  return { error: { code, message, requestId: 'req_01jd8m3k5ve2pt7c9x4hw6qa0z' } }
}

function isErrorEnvelope({ content }: ApiResponse): boolean {
  const schema = content?.['application/json']?.schema
  return schema?.$ref === '#/components/schemas/Error' && Object.keys(content ?? {}).length === 1
}

/** `UNSUPPORTED_MEDIA_TYPE` is `UnsupportedMediaType`. */
function nameOf(status: number): string {
  return codeOf(status)[0]
    .toLowerCase()
    .replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function codeOf(status: number): [code: string, message: string] {
  const found = Object.entries(errorCodes).find(([, code]) => code.status === status)
  if (!found) throw new Error(`no error has the status ${status}`)
  return [found[0], found[1].message]
}
