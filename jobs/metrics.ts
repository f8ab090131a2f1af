import { Registry } from 'prom-client'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/connect.ts'
import { measureBacklog } from '../operations/metrics/backlog.ts'
import { metricsEndpoint } from '../operations/metrics/endpoint.ts'
import { measureProcess } from '../operations/metrics/process.ts'

/**
 * Serves the metrics of a worker that is a process of its own on `METRICS_PORT`. Without that variable it does nothing.
 * @returns ends it; and the port
 * @throws where the port is taken
 */
export async function serveWorkerMetrics(
  config: Config,
  database: Database,
): Promise<{ port: number | null; close(): Promise<void> }> {
  if (config.metricsPort === null) return { port: null, close: async () => {} }
  const registry = new Registry()
  const stopMeasuring = measureProcess(registry)
  measureBacklog(registry, database, config.environment)
  const endpoint = metricsEndpoint(registry)
  await endpoint.listen(config.metricsPort, config.host)
  return {
    port: endpoint.port(),
    async close() {
      stopMeasuring()
      await endpoint.close()
    },
  }
}
