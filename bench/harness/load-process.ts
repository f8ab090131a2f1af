// The load generator's process: it shares no thread with what it measures, nor with the bench itself.
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load.ts'

async function run(load: Load): Promise<LoadResult> {
  let client = 0
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    timeout: 10,
    ...('seconds' in load.until ? { duration: load.until.seconds } : { amount: load.until.requests }),
    setupClient: (connection) => {
      const headers = load.headers[client++ % load.headers.length] ?? {}
      connection.setRequests(load.paths.map((path) => ({ path, headers })))
    },
  })
  return {
    requests: result['2xx'],
    seconds: result.duration,
    refused: result.non2xx,
    statuses: Object.keys(result.statusCodeStats),
    errors: result.errors + result.timeouts,
    bytesEach: result.throughput.total / (result['2xx'] + result.non2xx),
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  }
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
