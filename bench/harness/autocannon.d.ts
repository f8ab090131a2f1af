// autocannon has no types of its own: what the bench uses of it
declare module 'autocannon' {
  interface Client {
    setRequests(requests: readonly { path: string; headers: Readonly<Record<string, string>> }[]): void
  }
  interface Options {
    url: string
    connections: number
    duration?: number
    amount?: number
    timeout?: number
    setupClient?: (client: Client) => void
  }
  interface Result {
    duration: number
    errors: number
    timeouts: number
    mismatches: number
    non2xx: number
    statusCodeStats: Record<string, unknown>
    '2xx': number
    latency: { p50: number; p99: number }
    throughput: { total: number }
  }
  export default function autocannon(options: Options): Promise<Result>
}
