import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A stand-in for an S3-compatible store, on loopback: what the server asks of one, and no more. */
export interface Bucket {
  /** As `STORAGE_URL`. */
  readonly url: string
  /** Content by key. */
  readonly objects: Map<string, Buffer>
  /** Of every request that it refused. */
  readonly refused: string[]
  /**
   * How it fails at the moment: with a status, by saying nothing, by ending the connection, or by ending it in the middle
   * of an object.
   */
  fault: number | 'silence' | 'reset' | 'half' | null
}

const PAGE = 2

/** Opens an empty bucket that ends with the test. */
export async function openBucket(t: Test): Promise<Bucket> {
  const objects = new Map<string, Buffer>()
  const refused: string[] = []
  const bucket: { fault: Bucket['fault'] } = { fault: null }
  const server = createServer(async (request, response) => {
    if (bucket.fault === 'silence') return
    if (bucket.fault === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (typeof bucket.fault === 'number') {
      request.resume()
      response.writeHead(bucket.fault).end()
      return
    }
    const fault = faultOf(request)
    if (fault) {
      refused.push(`${request.method} ${request.url}: ${fault}`)
      response.writeHead(403).end()
      return
    }
    const url = new URL(request.url ?? '', 'http://localhost')
    const key = decodeURIComponent(url.pathname.slice('/uploads/'.length))
    const object = objects.get(key)
    if (request.method === 'PUT') {
      objects.set(key, await buffer(request))
      response.end()
    } else if (request.method === 'DELETE') {
      objects.delete(key)
      response.writeHead(204).end()
    } else if (url.searchParams.get('list-type') === '2') {
      response.setHeader('content-type', 'application/xml')
      response.end(listing(url.searchParams, [...objects.keys()].sort()))
    } else if (!object) {
      response.writeHead(404).end()
    } else {
      const [, start = '0', end = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      const part = object.subarray(Number(start), end === '' ? undefined : Number(end) + 1)
      response.writeHead(request.headers.range ? 206 : 200, {
        'content-length': part.length,
        'last-modified': new Date().toUTCString(),
      })
      if (bucket.fault === 'half') {
        response.write(part.subarray(0, part.length / 2), () => response.socket?.resetAndDestroy())
        return
      }
      response.end(request.method === 'HEAD' ? undefined : part)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = `s3://AKIAEXAMPLE:se%2Fcret@uploads/of%20tests?region=eu-test-1&endpoint=http://127.0.0.1:${port}`
  return Object.assign(bucket, { url, objects, refused })
}

// Signature version 4 names the key's id and the region; the length must be known, as no store takes a stream without.
function faultOf({ method, headers, url = '' }: IncomingMessage): string | null {
  const credential = /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-test-1\/s3\/aws4_request/
  if (!credential.test(headers.authorization ?? '')) return 'not signed'
  if (!url.startsWith('/uploads')) return 'another bucket'
  if (method === 'PUT' && !(Number(headers['content-length']) > 0)) return 'no length'
  return null
}

// Pages are short, so that going on from one to the next is tried.
function listing(query: URLSearchParams, all: string[]): string {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const delimiter = query.get('delimiter')
  const names = new Set<string>()
  for (const key of all.filter((name) => name.startsWith(prefix))) {
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    names.add(cut === -1 ? key : key.slice(0, cut + 1))
  }
  const left = [...names].filter((name) => name > after)
  const page = left.slice(0, PAGE)
  const entries = page.map((name) =>
    name.endsWith('/')
      ? `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${name}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
  )
  const next = left.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  return `<?xml version="1.0"?><ListBucketResult>${entries.join('')}${next}</ListBucketResult>`
}
