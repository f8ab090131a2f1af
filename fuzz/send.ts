import { Agent, type IncomingMessage, request } from 'node:http'
import type { CredentialName } from './credentials.ts'
import type { Plan } from './plan.ts'
import type { World } from './world.ts'

/** Longer than any request may take. */
const PATIENCE_MS = 20_000
/** How long a stream is listened to. */
const STREAM_MS = 300
const MOST_BYTES = 4_000_000

/** A request as it goes over the network. */
export interface SentRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | null
  readonly credential: CredentialName
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly ms: number
}

/** Fills a plan's places with what the world knows. */
export function prepare(plan: Plan, world: World): SentRequest {
  const { pool } = world
  const query = plan.query.map(([name, value]) => `${encode(name)}=${encode(pool.fill(value))}`).join('&')
  const path = pool.fill(plan.path)
  const body = plan.body ? Buffer.from(pool.fill(plan.body.bytes), 'latin1') : null
  const type = plan.body?.type ?? null
  return {
    method: plan.method,
    target: query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`,
    headers: [
      // The server believes this machine: some limits count by address.
      ['x-forwarded-for', `10.0.${random(256)}.${random(256)}`],
      ...(world.credentials.get(plan.credential) ?? []),
      ...(type === null ? [] : [['content-type', type] as const]),
      ...plan.headers,
    ],
    body,
    credential: plan.credential,
  }
}

function random(below: number): number {
  return Math.floor(Math.random() * below)
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** Sends requests to one server over a bounded number of connections. */
export class Sender {
  readonly #agent: Agent
  readonly #base: URL

  constructor(base: string, connections: number) {
    this.#base = new URL(base)
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** @throws Error where no answer came in time, or the connection broke before one */
  send({ method, target, headers, body }: SentRequest, streams: boolean): Promise<Answer> {
    const { hostname, port } = this.#base
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const chunked = headers.some(([name]) => name.toLowerCase() === 'transfer-encoding')
      const announced = body ?? (['GET', 'HEAD'].includes(method) ? null : Buffer.alloc(0))
      const length = announced && !chunked ? [['content-length', String(announced.length)] as const] : []
      const outgoing = request({
        agent: this.#agent,
        hostname,
        port,
        method,
        path: target,
        headers: [['host', `${hostname}:${port}`], ...headers, ...length].flat() as unknown as string[],
        timeout: PATIENCE_MS,
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)))
      outgoing.on('error', reject)
      outgoing.on('response', (incoming) => {
        const parts: Buffer[] = []
        let size = 0
        const done = () => {
          const { statusCode = 0 } = incoming
          resolve({
            status: statusCode,
            headers: incoming.headers,
            body: Buffer.concat(parts),
            ms: performance.now() - start,
          })
        }
        const listening = streams ? setTimeout(() => incoming.destroy(), STREAM_MS) : undefined
        incoming.on('data', (part: Buffer) => {
          size += part.length
          if (size < MOST_BYTES) parts.push(part)
        })
        incoming.on('close', () => {
          clearTimeout(listening)
          done()
        })
        incoming.on('error', () => {})
      })
      outgoing.end(body ?? undefined)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** A line that sends the same request again: `$BASE` is the server, `$CREDENTIAL` what its name says. */
export function curlOf(sent: SentRequest, world: World): string {
  const secrets = new Map(
    (world.credentials.get(sent.credential) ?? []).map(([name, value]) => [name, value]),
  )
  const headers = sent.headers.map(([name, value]) => {
    const shown = secrets.get(name) === value ? `<${sent.credential}>` : value
    return `-H ${quote(`${name}: ${shown}`)}`
  })
  const text = sent.body?.toString('utf8') ?? ''
  const isText = sent.body === null || Buffer.from(text).equals(sent.body)
  const data = sent.body === null ? '' : isText ? ` --data-raw ${quote(text)}` : ' --data-binary @-'
  const feed = isText ? '' : `echo ${sent.body?.toString('base64')} | base64 -d | `
  const method = sent.method === 'HEAD' ? '-I' : `-X ${sent.method}`
  return `${feed}curl -i --path-as-is ${method} ${headers.join(' ')}${data} "$BASE"${quote(sent.target)}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
