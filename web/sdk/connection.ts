/** What the API answered where it did not do what it was asked. */
export class Refused extends Error {
  readonly status: number
  readonly requestId: string | undefined
  /** Why, as a word for programs. */
  readonly reason: string | undefined
  /** What to do about it, for who built the page. */
  readonly hint: string | undefined

  constructor(status: number, message: string, requestId?: string, reason?: string, hint?: string) {
    super(message)
    this.status = status
    this.requestId = requestId
    this.reason = reason
    this.hint = hint
  }
}

/** A request to the API. */
export interface Request {
  method: string
  /** Under `/api/embed`, or a whole URL of the same API. */
  path: string
  /** Text is JSON. */
  body?: XMLHttpRequestBodyInit | undefined
  headers?: Record<string, string>
  /** Of the body, from 0 to 1. */
  onProgress?: (share: number) => void
  /** How often to try while nothing answers; default: until something does. */
  tries?: number
}

/** The way to the API, through bad networks. */
export interface Connection {
  /** The interview's session token. */
  token: string
  /** Resolves with the answer; a lost connection is waited for. @throws {Refused} by the API */
  ask(request: Request): Promise<XMLHttpRequest>
  /** The same, JSON both ways. */
  json<T>(method: string, path: string, body?: object, more?: Partial<Request>): Promise<T>
}

/** Which refusals pass by themselves: the server is starting, overloaded, or it was asked too often. */
const passing = (status: number) => status === 429 || status >= 500

/**
 * @param closed ends what is under way, which then rejects with an AbortError
 * @param onLine hears whether the API can be reached, each time that this changes
 */
export function connect(base: string, closed: AbortSignal, onLine: (reachable: boolean) => void): Connection {
  let reachable = true
  const tell = (now: boolean) => {
    if (now !== reachable && !closed.aborted) onLine(now)
    reachable = now
  }
  addEventListener('offline', () => tell(false), { signal: closed })

  const connection: Connection = {
    token: '',
    async ask(request) {
      for (let tries = 1; ; tries += 1) {
        const answer = await once(base, connection.token, request, closed)
        closed.throwIfAborted()
        const { status } = answer
        if (status && !passing(status)) {
          tell(true)
          if (status < 400) return answer
          throw refusal(answer)
        }
        if (tries === request.tries) throw refusal(answer)
        tell(false)
        await waiting(
          Number(status && answer.getResponseHeader('retry-after')) || 0.5 * 2 ** Math.min(tries, 5),
          closed,
        )
      }
    },
    async json(method, path, body, more) {
      const answer = await connection.ask({ method, path, body: body && JSON.stringify(body), ...more })
      return JSON.parse(answer.responseText || 'null')
    },
  }
  return connection
}

// XMLHttpRequest and not fetch, which tells nothing of how far an upload has come.
function once(base: string, token: string, request: Request, closed: AbortSignal): Promise<XMLHttpRequest> {
  return new Promise((resolve) => {
    const { method, path, body, headers = {}, onProgress } = request
    const xhr = new XMLHttpRequest()
    xhr.open(method, path[0] === '/' ? `${base}/api/embed${path}` : path)
    if (token) xhr.setRequestHeader('authorization', `Bearer ${token}`)
    if (typeof body === 'string') xhr.setRequestHeader('content-type', 'application/json')
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    // Milliseconds; an upload is at most 4 MiB at a time.
    xhr.timeout = onProgress ? 600_000 : 30_000
    if (onProgress) xhr.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total)
    const done = new AbortController()
    const give = () => xhr.abort()
    addEventListener('offline', give, { signal: done.signal })
    closed.addEventListener('abort', give, { signal: done.signal })
    xhr.onloadend = () => {
      done.abort()
      resolve(xhr)
    }
    xhr.send(body ?? null)
  })
}

function refusal(answer: XMLHttpRequest): Refused {
  let error = { message: 'The API cannot be reached', reason: undefined, hint: undefined }
  try {
    error = JSON.parse(answer.responseText).error
  } catch {}
  const requestId = answer.getResponseHeader('x-request-id') ?? undefined
  return new Refused(answer.status, error.message, requestId, error.reason, error.hint)
}

// Until the time is over or the browser says that it is online again, whatever comes first.
function waiting(seconds: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000)
    addEventListener('online', () => resolve(), { once: true, signal: closed })
  })
}
