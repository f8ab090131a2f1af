import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A reverse proxy that shows a server under a path. */
export interface PathProxy {
  /** What browsers and programs use, without a trailing slash. */
  readonly url: string
  /** Where the server behind it listens: set it before the first request. */
  target: string
}

/**
 * Starts a proxy on loopback; it ends with the test.
 * @param path under which it shows the server; other paths are not its business
 * @param strips whether it takes the path off before it passes a request on
 */
export async function pathProxy(t: Test, path: string, strips: boolean): Promise<PathProxy> {
  const proxy = { url: '', target: '' }
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming
    if (!url.startsWith(path)) return outgoing.writeHead(418).end()
    const passed = strips ? url.slice(path.length) || '/' : url
    const onward = request(new URL(passed, proxy.target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return proxy
}
