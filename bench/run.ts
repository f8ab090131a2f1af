// `npm run bench` or `node bench/run.ts [row…]`: see README.md.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Pace } from './harness/duel.ts'
import { openStage, type Stage } from './harness/stage.ts'
import { campaigns } from './rows/campaigns.ts'
import { memory } from './rows/memory.ts'
import { peer } from './rows/peer.ts'
import type { Finding, Row } from './rows/row.ts'
import { start } from './rows/start.ts'
import { whoami } from './rows/whoami.ts'

const rows: readonly Row[] = [whoami, campaigns, peer, start, memory]

const usage = `Usage: node bench/run.ts [row…] [--rounds 5] [--seconds 3] [--strict] [--json]

${rows.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}

  --rounds   how often the two candidates of a row take turns
  --seconds  of each turn
  --strict   exit with 1 when a target is missed, not only when a row fails
  --json     print the findings as JSON, nothing else
`

type Outcome = { row: Row; finding: Finding } | { row: Row; failure: string }

/** @returns the exit code */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      strict: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const pace = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length > 0 || !(pace.rounds >= 1) || !(pace.seconds > 0)) {
    process.stderr.write(unknown.length > 0 ? `No such row: ${unknown.join(', ')}\n\n${usage}` : usage)
    return 2
  }
  const chosen = positionals.length > 0 ? rows.filter(({ name }) => positionals.includes(name)) : rows

  const stage = await openStage()
  const outcomes: Outcome[] = []
  try {
    for (const row of chosen) {
      const outcome = await measure(row, stage, pace)
      outcomes.push(outcome)
      if (!values.json) process.stdout.write(describe(outcome))
    }
  } finally {
    await stage.close()
  }
  if (values.json) process.stdout.write(`${JSON.stringify(report(outcomes, pace), null, 2)}\n`)
  return outcomes.some((outcome) => 'failure' in outcome || (values.strict && !outcome.finding.holds)) ? 1 : 0
}

async function measure(row: Row, stage: Stage, pace: Pace): Promise<Outcome> {
  try {
    return { row, finding: await row.measure(stage, pace) }
  } catch (error) {
    return { row, failure: error instanceof Error ? error.message : String(error) }
  }
}

function describe(outcome: Outcome): string {
  const { name, title, target } = outcome.row
  if ('failure' in outcome) return `${name.padEnd(10)} FAILED  ${title}\n           ${outcome.failure}\n`
  const { value, unit, holds, note } = outcome.finding
  const figures = [value.median, value.low, value.high].map((number) => figure(number))
  const measured = `${figures[0]} ${unit} [${figures[1]}–${figures[2]}]`
  return `${name.padEnd(10)} ${holds ? 'holds ' : 'misses'}  ${measured}  target ${target}\n           ${title}\n           ${note}\n`
}

function figure(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function report(outcomes: readonly Outcome[], pace: Pace) {
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

process.exitCode = await main()
