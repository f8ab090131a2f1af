// The load generator's process: it shares no thread with what it measures, nor with the bench itself. It writes
// requests that are made once and reads no more of an answer than status and length. On a machine of two cores a
// client of all of HTTP takes more of them for an answer than the server that gives it, and would be what is measured.
import { connect, type Socket } from 'node:net'
import type { Load, LoadResult } from './load.ts'

const BUFFER_BYTES = 64 * 1024
/** How long an answer may take, in milliseconds. */
const LONGEST_MS = 10_000
const HEAD_END = '\r\n\r\n'

/** What all connections of a load have come to. */
class Tally {
  readonly latenciesMs: number[] = []
  readonly statuses = new Map<number, number>()
  bytes = 0
  errors = 0

  result(seconds: number): LoadResult {
    const sorted = Float64Array.from(this.latenciesMs).sort()
    const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    const good = [...this.statuses].filter(([status]) => status >= 200 && status < 300)
    const requests = good.reduce((sum, [, count]) => sum + count, 0)
    return {
      requests,
      seconds,
      refused: sorted.length - requests,
      statuses: [...this.statuses.keys()].map(String),
      errors: this.errors,
      bytesEach: this.bytes / sorted.length,
      p50Ms: percentile(0.5),
      p99Ms: percentile(0.99),
    }
  }
}

/**
 * Asks on one connection, a request after the other, until `next` has none.
 * @returns resolves when the connection is closed; rejects where an answer can't be read
 */
function ask(url: URL, next: () => Buffer | undefined, tally: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES)
    let sentAt = 0
    let waiting = false
    let head = ''
    let bodyLeft = 0

    function send(): void {
      const request = next()
      waiting = request !== undefined
      if (!request) return void socket.destroy()
      sentAt = performance.now()
      socket.write(request)
    }
    function read(size: number): boolean {
      try {
        take(size)
      } catch (error) {
        reject(error)
        socket.destroy()
      }
      return true
    }
    function take(size: number): void {
      tally.bytes += size
      if (bodyLeft > 0) {
        bodyLeft -= size
      } else {
        // A whole head nearly always: header fields are ASCII, and of a body only the length counts.
        head += buffer.toString('latin1', 0, size)
        const end = head.indexOf(HEAD_END)
        if (end === -1) return
        const { status, length } = readHead(head.slice(0, end))
        tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1)
        bodyLeft = length - (head.length - end - HEAD_END.length)
        head = ''
      }
      if (bodyLeft < 0) throw new Error(`${url.href} sent more than it was asked for`)
      if (bodyLeft > 0) return
      tally.latenciesMs.push(performance.now() - sentAt)
      send()
    }

    const socket: Socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: { buffer, callback: read },
    })
    socket.setTimeout(LONGEST_MS, () => socket.destroy())
    socket.on('connect', send)
    socket.on('error', () => {})
    socket.on('close', () => {
      if (waiting) tally.errors += 1
      resolve()
    })
  })
}

/** @throws Error where an answer does not tell its length */
function readHead(head: string): { status: number; length: number } {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without Content-Length:\n${head}`)
  return { status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)), length: Number(length) }
}

async function run({ url, paths, headers, connections, until }: Load): Promise<LoadResult> {
  const to = new URL(url)
  const tally = new Tally()
  const start = performance.now()
  const end = 'seconds' in until ? start + until.seconds * 1000 : Infinity
  let left = 'requests' in until ? until.requests : Infinity
  await Promise.all(
    Array.from({ length: connections }, (_, connection) => {
      const fields = Object.entries(headers[connection % headers.length] ?? {})
      const requests = paths.map((path) =>
        Buffer.from(
          [
            `GET ${path} HTTP/1.1`,
            `host: ${to.host}`,
            ...fields.map((field) => field.join(': ')),
            '',
            '',
          ].join('\r\n'),
        ),
      )
      let turn = 0
      const next = () => {
        if (left <= 0 || performance.now() >= end) return undefined
        left -= 1
        return requests[turn++ % requests.length]
      }
      return ask(to, next, tally)
    }),
  )
  return tally.result((performance.now() - start) / 1000)
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
