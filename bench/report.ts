import { availableParallelism, cpus, loadavg } from 'node:os'
import type { Pace } from './harness/duel.ts'
import type { Finding, Row } from './rows/row.ts'

/** How a row went: measured, or failed for a reason. */
export type Outcome = { readonly row: Row } & ({ readonly finding: Finding } | { readonly failure: string })

/** A failed row is always an error; a missed target is one for who asked to be strict. */
export function exitCodeOf(outcomes: readonly Outcome[], strict: boolean): 0 | 1 {
  return outcomes.some((outcome) => 'failure' in outcome || (strict && !outcome.finding.holds)) ? 1 : 0
}

/** A row for people: verdict, median with its spread, and what is behind it. */
export function describe(outcome: Outcome): string {
  const { name, title, target } = outcome.row
  if ('failure' in outcome) return lines(name, 'FAILED', title, outcome.failure)
  const { value, unit, holds, note } = outcome.finding
  const measured = `${figure(value.median)} ${unit} [${figure(value.low)}–${figure(value.high)}]`
  return lines(name, `${holds ? 'holds' : 'misses'}  ${measured}  target ${target}`, title, note)
}

function lines(name: string, ...texts: string[]): string {
  const indent = 14
  return texts.map((text, index) => `${(index === 0 ? name : '').padEnd(indent)}${text}\n`).join('')
}

function figure(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** Tells when the machine does other work: what little a small route needs is then mostly waiting. Null on a quiet one. */
export function busyWarning(load: number, cores: number): string | null {
  if (load < cores / 2) return null
  return `The machine is busy (load average ${load.toFixed(1)} on ${cores} cores): ratios to bare Fastify will be off`
}

/** All rows for machines, with what they were measured on. */
export function report(outcomes: readonly Outcome[], pace: Pace) {
  return {
    machine: {
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      loadAverage: loadavg()[0],
    },
    pace,
    rows: outcomes.map(({ row: { name, title, target }, ...outcome }) => ({
      name,
      title,
      target,
      ...outcome,
    })),
  }
}
