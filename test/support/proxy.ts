import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** Something between a client and a server on loopback that can fall silent, as a network does that drops packets. */
export interface Proxy {
  readonly port: number
  /** Forwards nothing any more, on the connections that there are and, unless told otherwise, on new ones. */
  freeze(options?: { newOnes?: boolean }): void
  /** Forwards again what comes on new connections. */
  thaw(): void
}

/**
 * Starts a proxy that ends with the test.
 * @param rewrite may change what a client sends first
 */
export async function startProxy(
  t: Test,
  target: { host: string; port: number },
  rewrite: (first: Buffer) => Buffer = (first) => first,
): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let frozen = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (frozen) socket.pause()
  }
  const server = createServer((client) => {
    keep(client)
    const upstream = connect(target)
    keep(upstream)
    client.once('data', (first) => {
      upstream.write(rewrite(first))
      client.on('data', (data) => upstream.write(data))
    })
    upstream.on('data', (data) => client.write(data))
    client.on('end', () => frozen || upstream.end())
    upstream.on('end', () => frozen || client.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    freeze({ newOnes = true } = {}) {
      frozen = newOnes
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      frozen = false
    },
  }
}

/** The same URL, by another port of loopback. */
export function through(url: string, { port }: Proxy): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}
