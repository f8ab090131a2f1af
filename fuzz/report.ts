import type { Finding } from './findings.ts'
import { type MemorySample, medianOf } from './memory.ts'
import type { FuzzOperation } from './operations.ts'
import type { Plan } from './plan.ts'

/** What a run did and found. */
export interface Report {
  readonly seed: number
  readonly seconds: number
  readonly requests: number
  readonly requestsPerSecond: number
  /** How often the two organizations were made anew. */
  readonly worlds: number
  /** By status; 0: no answer. */
  readonly statuses: Readonly<Record<string, number>>
  readonly credentials: Readonly<Record<string, number>>
  readonly twists: Readonly<Record<string, number>>
  /** By operation, how often it answered with which status. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly coverage: {
    readonly operations: number
    readonly reached: number
    readonly succeeded: number
    readonly neverSucceeded: readonly string[]
  }
  /** In bytes. */
  readonly memory: {
    readonly atStart: number
    readonly afterWarmUp: number
    readonly atEnd: number
    readonly flat: boolean
    readonly samples: readonly MemorySample[]
  }
  readonly findings: readonly Finding[]
}

type Counts = Map<string, number>

/** Counts what was sent. */
export class Tally {
  readonly #statuses: Counts = new Map()
  readonly #credentials: Counts = new Map()
  readonly #twists: Counts = new Map()
  readonly #operations = new Map<string, Counts>()
  readonly #succeeded = new Set<string>()
  #requests = 0

  count(plan: Plan, status: number): void {
    this.#requests += 1
    add(this.#statuses, String(status))
    add(this.#credentials, plan.credential)
    add(this.#twists, plan.twist ?? 'none')
    if (plan.method !== plan.operation.method) return
    const { id } = plan.operation
    const counts = this.#operations.get(id) ?? new Map<string, number>()
    this.#operations.set(id, counts)
    add(counts, String(status))
    if (status >= 200 && status < 400) this.#succeeded.add(id)
  }

  report(facts: {
    options: { readonly seed: number }
    seconds: number
    worlds: number
    operations: readonly FuzzOperation[]
    memory: { atStart: number; samples: readonly MemorySample[]; flat: boolean }
    findings: readonly Finding[]
  }): Report {
    const { options, seconds, worlds, operations, memory, findings } = facts
    const ids = operations.map(({ id }) => id)
    return {
      seed: options.seed,
      seconds: Math.round(seconds * 10) / 10,
      requests: this.#requests,
      requestsPerSecond: Math.round(this.#requests / seconds),
      worlds,
      statuses: sorted(this.#statuses),
      credentials: sorted(this.#credentials),
      twists: sorted(this.#twists),
      operations: Object.fromEntries([...this.#operations].map(([id, counts]) => [id, sorted(counts)])),
      coverage: {
        operations: ids.length,
        reached: this.#operations.size,
        succeeded: this.#succeeded.size,
        neverSucceeded: ids.filter((id) => !this.#succeeded.has(id)),
      },
      memory: {
        ...memory,
        afterWarmUp: medianOf(memory.samples, 0.2, 0.4),
        atEnd: medianOf(memory.samples, 0.8, 1),
      },
      findings,
    }
  }
}

/** The report as people read it. */
export function describeReport(report: Report): string {
  const { coverage, memory, findings } = report
  const lines = [
    `${report.requests} requests in ${report.seconds} s (${report.requestsPerSecond}/s), seed ${report.seed}, ${report.worlds} worlds`,
    `statuses    ${counted(report.statuses)}`,
    `twists      ${counted(report.twists)}`,
    `operations  ${coverage.operations} documented, ${coverage.reached} reached, ${coverage.succeeded} succeeded`,
    ...(coverage.neverSucceeded.length > 0 ? [`never succeeded: ${coverage.neverSucceeded.join(', ')}`] : []),
    `memory      ${mebibytes(memory.atStart)} at the start, ${mebibytes(memory.afterWarmUp)} after the warm-up, ${mebibytes(memory.atEnd)} at the end: ${memory.flat ? 'flat' : 'grows'}`,
    findings.length === 0 ? 'No findings.' : `${findings.length} findings:`,
  ]
  for (const { kind, operation, message, curl, requestId, count } of findings) {
    lines.push(
      '',
      `${kind}: ${operation}: ${message} (${count} times${requestId ? `, first ${requestId}` : ''})`,
    )
    if (curl !== null) lines.push(`  ${curl.length > 2000 ? `${curl.slice(0, 2000)}…` : curl}`)
  }
  return `${lines.join('\n')}\n`
}

function add(counts: Counts, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function sorted(counts: Counts): Record<string, number> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}
