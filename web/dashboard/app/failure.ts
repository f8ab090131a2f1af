import type { Reason } from '../../../schemas/reasons.ts'

interface Envelope {
  error?: {
    code?: string
    message?: string
    requestId?: string
    reason?: Reason
    hint?: string
    details?: { path: string; message: string }[]
  }
}

/** Why a call did not succeed, in the API's own words. */
export class Failure extends Error {
  readonly status: number
  readonly code: string
  /** Why, as a word that decides what happens next; null where the API does not say. Messages are for people alone. */
  readonly reason: Reason | null
  /** What to quote to whoever runs the server; null where the call did not reach it. */
  readonly requestId: string | null
  readonly hint: string | null
  /** After how many seconds the same call may be made again; null where waiting is of no use. */
  readonly retryAfter: number | null
  /** What is wrong with which field of the body: `name` → `must not be blank`. */
  readonly fields: ReadonlyMap<string, string>
  /** The whole body, for answers that are questions. */
  readonly body: unknown

  private constructor(
    status: number,
    code: string,
    message: string,
    rest: Partial<Omit<Failure, 'message'>> & { cause?: unknown },
  ) {
    super(message, { cause: rest.cause })
    this.status = status
    this.code = code
    this.reason = rest.reason ?? null
    this.requestId = rest.requestId ?? null
    this.hint = rest.hint ?? null
    this.retryAfter = rest.retryAfter ?? null
    this.fields = rest.fields ?? new Map()
    this.body = rest.body
  }

  static of(response: Response, body: unknown): Failure {
    const { error = {} } = (typeof body === 'object' && body !== null ? body : {}) as Envelope
    const wait = Number(response.headers.get('retry-after'))
    return new Failure(
      response.status,
      error.code ?? 'UNKNOWN',
      error.message ?? `Answer ${response.status}`,
      {
        reason: error.reason ?? null,
        requestId: error.requestId ?? response.headers.get('x-request-id'),
        hint: error.hint ?? null,
        retryAfter: wait > 0 && response.status === 429 ? wait : null,
        fields: new Map(error.details?.map(({ path, message }) => [path.replace(/^body\./, ''), message])),
        body,
      },
    )
  }

  static ofNetwork(cause: unknown): Failure {
    return new Failure(0, 'NETWORK', 'The server can’t be reached', {
      hint: 'Check the connection, then try again',
      cause,
    })
  }

  /** Anything that was thrown, as something to show. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new Failure(0, 'SCRIPT', message, { cause: thrown })
  }

  /** The API never says why it refuses a credential: a 401 without a reason is about the session. */
  get endsSession(): boolean {
    return this.status === 401 && this.reason === null
  }
}
