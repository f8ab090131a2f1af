import { explain } from '../../lifecycle/explain.ts'

/** What a check has found. A warning leaves the exit code at 0. */
export interface Finding {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed'
  /** What was seen. */
  readonly found: string
  /** What to do; null where nothing is to be done. */
  readonly toDo: string | null
}

/** Looks at one thing. A throw is a failure. */
export interface Check {
  readonly name: string
  /** What to do when it throws. */
  readonly toDo: string
  look(): Promise<Omit<Finding, 'name'>>
}

const CHECK_MS = 10_000

/** A finding that all is well. */
export const ok = (found: string): Omit<Finding, 'name'> => ({ status: 'ok', found, toDo: null })
/** A finding that the operator should know. */
export const warning = (found: string, toDo: string): Omit<Finding, 'name'> => ({
  status: 'warning',
  found,
  toDo,
})
/** A finding that something does not work. */
export const failed = (found: string, toDo: string): Omit<Finding, 'name'> => ({
  status: 'failed',
  found,
  toDo,
})

/** Runs the checks one after another, each for ten seconds at most. */
export async function runChecks(checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { name, toDo, look } of checks) {
    const found = await withinTime(look()).catch((error: unknown) => failed(sentenceOf(error), toDo))
    findings.push({ name, ...found })
  }
  return findings
}

async function withinTime<T>(looking: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MS / 1000} s`)), CHECK_MS)
  })
  return await Promise.race([looking, late]).finally(() => clearTimeout(timer))
}

function sentenceOf(error: unknown): string {
  const lines = explain(error) ?? [error instanceof Error ? error.message : String(error)]
  return lines.join('; ').replaceAll(/\s+/g, ' ')
}
