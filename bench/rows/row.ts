import type { Pace } from '../harness/duel.ts'
import type { Stage } from '../harness/stage.ts'
import type { Spread } from '../harness/stats.ts'

/** One line of the bench: what it measures and what is promised. */
export interface Row {
  readonly name: string
  /** What is measured, and by what it is divided. */
  readonly title: string
  readonly target: string
  /** @throws Error when an answer was not the expected one: then there is nothing to compare */
  measure(stage: Stage, pace: Pace): Promise<Finding>
}

/** What a row found. */
export interface Finding {
  readonly value: Spread
  readonly unit: '×' | 's' | 'ms' | 'MB' | '/s'
  /** Whether the target holds. */
  readonly holds: boolean
  /** What stands behind the value, in a line. */
  readonly note: string
  /** The same for machines. */
  readonly details: Readonly<Record<string, unknown>>
}
