import type { Fault } from './checks.ts'

/** Something that went wrong, with the first request that showed it. */
export interface Finding {
  readonly kind: Fault['kind'] | 'no answer' | 'server down' | 'logged error' | 'memory grows'
  readonly operation: string
  readonly message: string
  /** A line that sends the same request again; null where no single request is to blame. */
  readonly curl: string | null
  readonly requestId: string | null
  /** How often it was seen. */
  count: number
}

/** What was found, each once. */
export class Findings {
  readonly #found = new Map<string, Finding>()

  get list(): readonly Finding[] {
    return [...this.#found.values()]
  }

  add(
    { kind, message }: Pick<Finding, 'kind' | 'message'>,
    operation: string,
    curl: string | null,
    requestId: string | null = null,
  ): void {
    const signature = `${kind} ${operation} ${withoutChance(message)}`
    const known = this.#found.get(signature)
    if (known) known.count += 1
    else this.#found.set(signature, { kind, operation, message, curl, requestId, count: 1 })
  }
}

// Ids, numbers and quoted values differ from request to request.
function withoutChance(message: string): string {
  return message
    .slice(0, 120)
    .replaceAll(/\b[a-z]+_[0-9a-z]{20,}/gi, 'ID')
    .replaceAll(/"[^"]*"/g, 'TEXT')
    .replaceAll(/\d{4,}/g, 'N')
}
