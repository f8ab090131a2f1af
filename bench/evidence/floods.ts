import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { bearer } from '../harness/anteroom.ts'
import type { FloodOrder, FloodReport } from './flood-worker.ts'

/** A verified client's p99 in milliseconds, round by round: without a flood and with one. */
export interface FloodResult {
  readonly quietMs: readonly number[]
  readonly floodedMs: readonly number[]
  readonly sent: number
  /** What the flood was answered, by status. */
  readonly statuses: Readonly<Record<string, number>>
}

const CLIENTS = 10
const PAUSE_MS = 10

/**
 * Measures verified clients while keys with wrong secrets and invented ones are presented from the same address, and
 * while none are, in turn.
 */
export async function measureFlood(
  order: FloodOrder,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<FloodResult> {
  const quietMs: number[] = []
  const floodedMs: number[] = []
  const statuses: Record<string, number> = {}
  let sent = 0
  // The first of each warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const quiet = await p99Of(order, seconds)
    const flooded = await flood(order, () => p99Of(order, seconds))
    if (round === 0) continue
    quietMs.push(quiet)
    floodedMs.push(flooded.value)
    sent += flooded.sent
    for (const [status, count] of Object.entries(flooded.statuses))
      statuses[status] = (statuses[status] ?? 0) + count
  }
  return { quietMs, floodedMs, sent, statuses }
}

async function flood<T>(order: FloodOrder, meanwhile: () => Promise<T>): Promise<FloodReport & { value: T }> {
  const worker = new Worker(new URL('./flood-worker.ts', import.meta.url), { workerData: order })
  // Its own start would be measured too.
  await once(worker, 'message')
  const value = await meanwhile()
  // Listened for from before: a worker that ends at once gives its last message and its end in one turn.
  const ended = once(worker, 'exit')
  worker.postMessage('stop')
  const [report] = (await once(worker, 'message')) as [FloodReport]
  await ended
  return { ...report, value }
}

async function p99Of({ url, key }: FloodOrder, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const client = async () => {
    while (performance.now() < end) {
      const began = performance.now()
      const status = await ask(agent, url, key)
      if (status !== 200) throw new Error(`a verified client got ${status}`)
      times.push(performance.now() - began)
      await delay(2 * PAUSE_MS * Math.random())
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  agent.destroy()
  times.sort((one, other) => one - other)
  return times[Math.floor((times.length - 1) * 0.99)] as number
}

function ask(agent: Agent, url: string, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = get(`${url}/api/whoami`, { agent, headers: bearer(key) }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode as number))
    })
    asked.on('error', reject)
  })
}
