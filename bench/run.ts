// `npm run bench` or `node bench/run.ts [row…]`: see README.md.

import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Pace } from './harness/duel.ts'
import { openStage, type Stage } from './harness/stage.ts'
import { busyWarning, describe, exitCodeOf, type Outcome, report } from './report.ts'
import { campaigns } from './rows/campaigns.ts'
import { flood } from './rows/flood.ts'
import { loginTiming } from './rows/login-timing.ts'
import { memory } from './rows/memory.ts'
import { peer, peerKeys } from './rows/peer.ts'
import { revocation } from './rows/revocation.ts'
import type { Row } from './rows/row.ts'
import { start } from './rows/start.ts'
import { webhookLatency, webhookRate } from './rows/webhooks.ts'
import { whoami } from './rows/whoami.ts'

const rows: readonly Row[] = [
  whoami,
  campaigns,
  peer,
  peerKeys,
  start,
  memory,
  loginTiming,
  revocation,
  flood,
  webhookRate,
  webhookLatency,
]

const usage = `Usage: node bench/run.ts [row…] [--rounds 5] [--seconds 3] [--warm-up 2] [--strict] [--json]

${rows.map(({ name, title }) => `  ${name.padEnd(15)} ${title}`).join('\n')}

  --rounds   how often the two candidates of a row take turns
  --seconds  of each turn
  --warm-up  seconds of a first turn that does not count
  --strict   exit with 1 when a target is missed, not only when a row fails
  --json     print the findings as JSON, nothing else
`

/** @returns the exit code */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '2' },
      strict: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const pace = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
  }
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length > 0 || !(pace.rounds >= 1 && pace.seconds > 0 && pace.warmUpSeconds > 0)) {
    process.stderr.write(unknown.length > 0 ? `No such row: ${unknown.join(', ')}\n\n${usage}` : usage)
    return 2
  }
  const chosen = positionals.length > 0 ? rows.filter(({ name }) => positionals.includes(name)) : rows

  const warning = busyWarning(loadavg()[0] ?? 0, availableParallelism())
  if (warning) process.stderr.write(`${warning}\n`)

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
  return exitCodeOf(outcomes, values.strict)
}

async function measure(row: Row, stage: Stage, pace: Pace): Promise<Outcome> {
  try {
    return { row, finding: await row.measure(stage, pace) }
  } catch (error) {
    return { row, failure: error instanceof Error ? error.message : String(error) }
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
