import { tracingChannel } from 'node:diagnostics_channel'
import type { Dispatcher, request } from 'undici'
import { redactCredentials } from '../../credentials/format.ts'
import type { Resolve } from './connector.ts'
import { readRetryAfter } from './retries.ts'
import { signatureHeaders, type WebhookSecret } from './signature.ts'
import type { TargetRules } from './targets.ts'

/** How long a receiver may take for its whole answer, in milliseconds. */
const TIME_OUT_MS = 15_000
const KEPT_BYTES = 1024
/** What is read of a body so that its connection can be used again; a longer one loses it. */
const READ_BYTES = 16 * 1024
const LONGEST_HEADERS = 16 * 1024
const LONGEST_ERROR = 300

/** One measurement of an attempt. Its context holds the headers that go out with it and, at its end, the outcome. */
export const attemptChannel = tracingChannel('anteroom:webhook')

/** What is sent: an event's id and the bytes that are signed. */
export interface Message {
  readonly id: string
  readonly body: Buffer
}

/** How an attempt ended. */
export interface Outcome {
  /** Null: no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /** The first KiB of the answer's body, as text. */
  readonly response: string | null
  /** Why no answer came. */
  readonly error: string | null
  /** Milliseconds that the receiver wants to be left alone for. */
  readonly retryAfterMs: number | null
}

/** Whether an answer says that the message has arrived: 2xx alone, a redirect is none. */
export function isDelivered({ status }: Pick<Outcome, 'status'>): boolean {
  return status !== null && status >= 200 && status < 300
}

/**
 * Sends messages to receivers nobody knows anything about: to allowed addresses alone, without redirects, without the
 * proxies that the environment names, and with a bound on time and on whatever comes back.
 */
export class Sender {
  readonly #rules: TargetRules
  readonly #resolve: Resolve | undefined
  #client: Promise<Client> | undefined
  readonly #timeOutMs: number
  /** One for each attempt that is under way. */
  readonly #underWay = new Set<AbortController>()
  #stopped = false

  constructor(rules: TargetRules, options: { resolve?: Resolve; timeOutMs?: number } = {}) {
    this.#rules = rules
    this.#resolve = options.resolve
    this.#timeOutMs = options.timeOutMs ?? TIME_OUT_MS
  }

  /**
   * Makes one attempt. It never throws: what goes wrong is its outcome.
   * @returns null where it was broken off by `close`: nobody knows whether it arrived
   */
  async send(url: string, message: Message, secrets: readonly WebhookSecret[]): Promise<Outcome | null> {
    return this.sendSigned(url, message, signatureHeaders(message.id, message.body, secrets, Date.now()))
  }

  /** The same, with signature headers of the caller's making. */
  sendSigned(
    url: string,
    message: Message,
    signature: Readonly<Record<string, string>>,
  ): Promise<Outcome | null> {
    const headers = { ...signature }
    if (!attemptChannel.hasSubscribers) return this.#attempt(url, message, headers)
    return attemptChannel.tracePromise(() => this.#attempt(url, message, headers), { message, headers })
  }

  async #attempt(
    url: string,
    message: Message,
    signature: Readonly<Record<string, string>>,
  ): Promise<Outcome | null> {
    const began = performance.now()
    const outcome = (rest: Partial<Outcome>): Outcome => ({
      status: null,
      response: null,
      error: null,
      retryAfterMs: null,
      durationMs: Math.round(performance.now() - began),
      ...rest,
    })
    // Not AbortSignal.timeout: its timer would hold what belongs to an attempt for 15 s after its end.
    const breaking = new AbortController()
    const timer = setTimeout(() => breaking.abort(new TimedOut()), this.#timeOutMs)
    this.#underWay.add(breaking)
    try {
      this.#client ??= openClient(this.#rules, this.#resolve, this.#timeOutMs)
      const client = await this.#client
      const answer = await client.request(url, {
        dispatcher: client.agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Anteroom-Webhooks/1', ...signature },
        body: message.body,
        signal: breaking.signal,
      })
      const { statusCode: status, headers } = answer
      const response = await readStart(answer.body)
      const [retryAfter] = [headers['retry-after']].flat()
      return outcome({ status, response, retryAfterMs: readRetryAfter(status, retryAfter, Date.now()) })
    } catch (error) {
      return this.#stopped ? null : outcome({ error: explain(error) })
    } finally {
      clearTimeout(timer)
      this.#underWay.delete(breaking)
    }
  }

  /** Breaks off what is under way, and closes the connections. */
  async close(): Promise<void> {
    this.#stopped = true
    for (const breaking of this.#underWay) breaking.abort(new Error('this server is stopping'))
    await (await this.#client)?.agent.destroy()
  }
}

/** What requests go out through. */
interface Client {
  readonly agent: Dispatcher
  readonly request: typeof request
}

// Loaded with the first message: an HTTP client of a hundred modules is memory that a server without webhooks can spare.
async function openClient(
  rules: TargetRules,
  resolve: Resolve | undefined,
  timeOutMs: number,
): Promise<Client> {
  const [undici, { guardedConnector }] = await Promise.all([import('undici'), import('./connector.ts')])
  const agent = new undici.Agent({
    connect: guardedConnector(rules, resolve),
    allowH2: false,
    // As many connections as are under way: two endpoints at one origin must not wait for each other.
    connections: null,
    headersTimeout: timeOutMs,
    bodyTimeout: timeOutMs,
    maxHeaderSize: LONGEST_HEADERS,
  })
  return { agent, request: undici.request }
}

class TimedOut extends Error {}

// The status has come: a body that never ends, breaks off or is too long changes nothing about it.
async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  const kept: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (bytes < KEPT_BYTES) kept.push(chunk.subarray(0, KEPT_BYTES - bytes))
      bytes += chunk.length
      if (bytes > READ_BYTES) break
    }
  } catch {
    body.destroy()
  }
  // PostgreSQL's text holds no NUL.
  return redactCredentials(Buffer.concat(kept).toString('utf8').replaceAll('\0', '\ufffd'))
}

const sentences: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'the name servers do not answer',
  ETIMEOUT: 'the name servers do not answer',
  ECONNRESET: 'the connection was closed before an answer came',
  UND_ERR_SOCKET: 'the connection was closed before an answer came',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 10 s',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within 15 s',
  UND_ERR_HEADERS_OVERFLOW: 'the answer’s headers are too long',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
}

function explain(error: unknown): string {
  const { name, code, message } = error as Error & { code?: string }
  if (name === 'TargetRefused') return message
  if (error instanceof TimedOut) return sentences.UND_ERR_HEADERS_TIMEOUT as string
  const known = code === undefined ? undefined : sentences[code]
  return known ?? `${code ? `${code}: ` : ''}${message}`.slice(0, LONGEST_ERROR)
}
