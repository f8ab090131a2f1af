import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** A server of metrics. */
export interface MetricsEndpoint {
  /** @throws where it can't listen there */
  listen(port: number, host: string): Promise<void>
  /** The port that it listens on; null before it does. */
  port(): number | null
  close(): Promise<void>
}

/**
 * Serves metrics at `GET /metrics`, in the text format of Prometheus, on a port of their own. The port is for the
 * operator's network: callers of the API must not reach it.
 */
export function metricsEndpoint(registry: Pick<Registry, 'metrics' | 'contentType'>): MetricsEndpoint {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject).listen(port, host, resolve)
      }),
    port: () => (server.address() as AddressInfo | null)?.port ?? null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
