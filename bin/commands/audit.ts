import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import {
  exportAudit,
  readHeads,
  type Verification,
  verifyDatabase,
  verifyExport,
} from '../../operations/audit/verify.ts'
import { operate, report, withJson } from '../operator.ts'

interface VerifyOptions {
  organization?: string
  file?: string
  anchor?: string
  json?: boolean
}

interface ExportOptions {
  organization?: string
  out?: string
  json?: boolean
}

/** `anteroom audit verify` and `anteroom audit export` */
export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('the audit log')

  withJson(
    audit
      .command('verify')
      .description('check that no record was changed, removed, moved or inserted; exit code 1 where one was')
      .option('--organization <id>', 'one organization alone')
      .option('--file <export.jsonl>', 'check an export, without a database')
      .option(
        '--anchor <export.jsonl>',
        'check too that the database still holds what an earlier export ended with',
      ),
  ).action(async (options: VerifyOptions) => {
    const verification = options.file
      ? await verifyExport(linesOf(options.file))
      : await operate(async ({ database }) => {
          const anchors = options.anchor ? await readHeads(linesOf(options.anchor)) : new Map()
          return verifyDatabase(database, options.organization ?? null, anchors)
        })
    const ok = verification.problems.length === 0
    report(options, { ok, ...verification }, describe(verification))
    if (!ok) process.exitCode = 1
  })

  withJson(
    audit
      .command('export')
      .description('write the chains as JSON, one record a line')
      .option('--organization <id>', 'one organization alone')
      .option('--out <export.jsonl>', 'the file to write; otherwise standard output'),
  ).action((options: ExportOptions) =>
    operate(async ({ database }) => {
      const { organization = null, out } = options
      const file = out === undefined ? null : createWriteStream(out, { mode: 0o600 })
      const counts = await exportAudit(database, organization, (line) => {
        void (file ?? process.stdout).write(`${JSON.stringify(line)}\n`)
      })
      if (!file) return
      file.end()
      await once(file, 'finish')
      report(options, { ...counts, file: out }, [`${counts.records} records written to ${out}.`])
    }),
  )
}

function describe({ organizations, records, problems }: Verification): string[] {
  const checked = `${records} records of ${organizations} organizations checked`
  if (problems.length === 0) return [`${checked}: every chain is whole.`]
  return [
    `${checked}: ${problems.length} problems.`,
    ...problems.map(
      ({ organizationId, sequence, problem }) => `  ${organizationId} record ${sequence}: ${problem}`,
    ),
  ]
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
}
