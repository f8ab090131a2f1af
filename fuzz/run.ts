// `npm run fuzz`: generated requests, drawn from the OpenAPI document, against a server of its own. See README.md.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { describeReport } from './report.ts'

const usage = `Usage: npm run fuzz -- [--seconds 600] [--requests 1000000] [--seed 42] [--connections 8] [--out file] [--json]

  --seconds      how long, at most
  --requests     how many, at most
  --seed         the same seed makes the same requests; a new one unless told
  --connections  how many requests are under way at once
  --out          where the report goes, as JSON; .data/fuzz-report.json unless told
  --json         print the report as JSON, nothing else

It starts a server and a PostgreSQL of its own (or uses DATABASE_URL), and talks to the loopback alone. Exit code 1:
something was found.
`

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '600' },
      requests: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      connections: { type: 'string', default: '8' },
      out: { type: 'string', default: '.data/fuzz-report.json' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const [seconds, requests, seed, connections] = [
    values.seconds,
    values.requests,
    values.seed,
    values.connections,
  ].map(Number)
  if (!(seconds && requests && connections && Number.isInteger(seed))) {
    process.stderr.write(`--seconds, --requests, --seed and --connections are numbers\n${usage}`)
    return 2
  }
  const { DATABASE_URL: databaseUrl } = process.env
  const report = await fuzz({
    seconds,
    requests,
    seed: seed as number,
    connections,
    ...(databaseUrl ? { databaseUrl } : {}),
    onProgress: (sent, passed, findings) => {
      process.stderr.write(`${sent} requests, ${Math.round(passed)} s, ${findings} findings\n`)
    },
  })
  await mkdir(dirname(values.out), { recursive: true })
  await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describeReport(report))
  return report.findings.length > 0 ? 1 : 0
}

process.exitCode = await main()
