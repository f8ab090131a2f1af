import { Agent, get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { inventedKey, withWrongSecret } from '../../test/support/wrong-keys.ts'

/** What the worker is told. */
export interface FloodOrder {
  readonly url: string
  /** A real key, to be tried with wrong secrets. */
  readonly key: string
  readonly perSecond: number
}

/** What the worker tells when it is stopped; before it, that it has begun. */
export interface FloodReport {
  readonly sent: number
  readonly statuses: Readonly<Record<string, number>>
}

const STEP_MS = 10
const { url, key, perSecond } = workerData as FloodOrder
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const statuses: Record<string, number> = {}
let sent = 0

// Half of them invented, half a real id with a wrong secret.
function send(): void {
  const text = sent % 2 === 0 ? inventedKey() : withWrongSecret(key)
  sent += 1
  const asked = get(
    `${url}/api/whoami`,
    { agent, headers: { authorization: `Bearer ${text}` } },
    (response) => {
      const status = String(response.statusCode)
      statuses[status] = (statuses[status] ?? 0) + 1
      response.resume()
    },
  )
  asked.on('error', () => {})
}

const began = performance.now()
const timer = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * perSecond
  while (sent < due) send()
}, STEP_MS)

parentPort?.postMessage('sending')
parentPort?.once('message', () => {
  clearInterval(timer)
  agent.destroy()
  parentPort?.postMessage({ sent, statuses } satisfies FloodReport)
  parentPort?.close()
})
