import fc from 'fast-check'
import type { ApiDocument } from '../schemas/openapi/document.ts'
import { Checker } from './checks.ts'
import { Findings } from './findings.ts'
import { isFlat, type MemorySample, sampleMemory } from './memory.ts'
import { readOperations } from './operations.ts'
import type { Plan } from './plan.ts'
import { plans } from './plans.ts'
import { type Report, Tally } from './report.ts'
import { type Answer, curlOf, prepare, Sender } from './send.ts'
import { type FuzzedServer, startFuzzedServer } from './server.ts'
import { makeWorld, type World } from './world.ts'

/** How long and how much. */
export interface FuzzOptions {
  readonly seconds: number
  readonly requests: number
  readonly seed: number
  readonly connections: number
  /** Unset: an embedded PostgreSQL of the run's own. */
  readonly databaseUrl?: string
  /** Told how far it is. */
  readonly onProgress?: (sent: number, seconds: number, findings: number) => void
}

const BATCH = 200
/** After so many requests a world is full of what was made in it. */
const WORLD_REQUESTS = 4000
const PROGRESS_MS = 10_000

/** Sends generated requests to a server of its own until the time or the number is reached. */
export async function fuzz(options: FuzzOptions): Promise<Report> {
  const server = await startFuzzedServer(options.databaseUrl)
  const sender = new Sender(server.url, options.connections)
  try {
    return await new Run(options, server, sender).go()
  } finally {
    sender.close()
    await server.stop()
  }
}

class Run {
  readonly #options: FuzzOptions
  readonly #server: FuzzedServer
  readonly #sender: Sender
  readonly #findings = new Findings()
  readonly #tally = new Tally()
  readonly #memory: MemorySample[] = []
  readonly #start = performance.now()
  #sent = 0
  #worlds = 0

  constructor(options: FuzzOptions, server: FuzzedServer, sender: Sender) {
    this.#options = options
    this.#server = server
    this.#sender = sender
  }

  get #seconds(): number {
    return (performance.now() - this.#start) / 1000
  }

  get #done(): boolean {
    const { seconds, requests } = this.#options
    return this.#sent >= requests || this.#seconds >= seconds || !this.#server.alive()
  }

  async go(): Promise<Report> {
    const document = (await (await fetch(`${this.#server.url}/openapi.json`)).json()) as ApiDocument
    const operations = readOperations(document)
    const arbitrary = plans(operations, document.components?.schemas ?? {})
    const checker = new Checker(document)
    const atStart = await this.#server.memory()
    await this.#sendAll(this.#draw(arbitrary), checker)
    await this.#checkServer()
    const memory = { atStart, samples: this.#memory, flat: isFlat(this.#memory) }
    if (!memory.flat)
      this.#findings.add({ kind: 'memory grows', message: 'see the samples' }, '(server)', null)
    return this.#tally.report({
      options: this.#options,
      seconds: this.#seconds,
      worlds: this.#worlds,
      operations,
      memory,
      findings: this.#findings.list,
    })
  }

  async #world(): Promise<World> {
    this.#worlds += 1
    return makeWorld(this.#server.url)
  }

  // The same seed draws the same plans.
  *#draw(arbitrary: fc.Arbitrary<Plan>): Generator<Plan, never> {
    for (let batch = 0; ; batch += 1)
      yield* fc.sample(arbitrary, { seed: this.#options.seed + batch, numRuns: BATCH })
  }

  // No connection waits for another one's slow request. Between two batches the world is looked after.
  async #sendAll(drawn: Generator<Plan, never>, checker: Checker): Promise<void> {
    // All wait while a world is made.
    let world = this.#world()
    let worldEnds = this.#sent + WORLD_REQUESTS
    let batchEnds = this.#sent + BATCH
    let told = performance.now()
    const lookAfter = async () => {
      this.#memory.push(await sampleMemory(this.#server, this.#sent, this.#seconds))
      if (performance.now() - told >= PROGRESS_MS) {
        told = performance.now()
        this.#options.onProgress?.(this.#sent, this.#seconds, this.#findings.list.length)
      }
      if (this.#done || (this.#sent < worldEnds && (await (await world).isWell()))) return
      world = this.#world()
      worldEnds = this.#sent + WORLD_REQUESTS
    }
    const work = async () => {
      while (!this.#done) {
        if (this.#sent >= batchEnds) {
          // One connection does so, and the others go on meanwhile.
          batchEnds = Number.POSITIVE_INFINITY
          await lookAfter()
          batchEnds = this.#sent + BATCH
        }
        const known = await world
        if (this.#done) break
        await this.#send(drawn.next().value, known, checker)
      }
    }
    await Promise.all(Array.from({ length: this.#options.connections }, work))
  }

  async #send(plan: Plan, world: World, checker: Checker): Promise<void> {
    const sent = prepare(plan, world)
    this.#sent += 1
    let answer: Answer
    try {
      answer = await this.#sender.send(sent, plan.operation.streams)
    } catch (error) {
      this.#tally.count(plan, 0)
      const { message } = error as Error
      if (isExpectedBreak(sent.headers, message)) return
      this.#findings.add({ kind: 'no answer', message }, plan.operation.id, curlOf(sent, world))
      return
    }
    this.#tally.count(plan, answer.status)
    if (answer.status < 300) {
      const { credential } = sent
      const isForeign = credential.includes('another tenant')
      const [own, other] = isForeign ? [world.foreign, world.pool] : [world.pool, world.foreign]
      if (plan.operation.access !== 'public') own.learn(answer.body.toString(), other)
    }
    for (const fault of checker.faultsOf(plan, sent, answer, world)) {
      this.#findings.add(
        fault,
        plan.operation.id,
        curlOf(sent, world),
        String(answer.headers['x-request-id']),
      )
    }
  }

  async #checkServer(): Promise<void> {
    for (const path of ['/healthz', '/readyz']) {
      const status = await fetch(this.#server.url + path).then(
        (response) => response.status,
        () => 0,
      )
      if (status !== 200)
        this.#findings.add({ kind: 'server down', message: `${path} answers ${status}` }, '(server)', null)
    }
    for (const [message, { count, line }] of this.#server.errors) {
      this.#findings.add(
        { kind: 'logged error', message: `${message} (${count} times): ${line.slice(0, 600)}` },
        '(server)',
        null,
      )
    }
  }
}

// Headers that Node refuses to read end the connection after the answer, and its client says so in its own way.
function isExpectedBreak(headers: readonly (readonly [string, string])[], message: string): boolean {
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return bytes > 16_000 && /ECONNRESET|socket hang up|EPIPE/.test(message)
}
