import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { ConfigError, readConfig } from '../../config/config.ts'
import { existingEncryptionKey } from '../../config/encryption-key.ts'
import { acceptAnchors, acceptChain } from '../../operations/audit/accept.ts'
import { withAnchors } from '../../operations/audit/anchors/open.ts'
import { FORGED_END } from '../../operations/audit/chain.ts'
import { exportAudit, readHeads, verifyExport } from '../../operations/audit/export.ts'
import { AuditKey } from '../../operations/audit/key.ts'
import { type Verification, verifyDatabase } from '../../operations/audit/verify.ts'
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

interface AcceptOptions {
  organization?: string
  anchors?: boolean
  reason: string
  json?: boolean
}

/** `anteroom audit verify`, `anteroom audit export` and `anteroom audit accept` */
export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('the audit log')

  withJson(
    audit
      .command('verify')
      .description('check that nothing was changed, removed, moved or inserted; exit code 1 if something was')
      .option('--organization <id>', 'check one organization only')
      .option('--file <export.jsonl>', 'check an export, without a database')
      .option(
        '--anchor <export.jsonl>',
        'check too that the database still holds what an earlier export holds',
      ),
  ).action(async (options: VerifyOptions) => {
    const verification = await verify(options)
    const ok = verification.problems.length === 0
    report(options, { ok, ...verification }, describe(verification))
    if (!ok) process.exitCode = 1
  })

  withJson(
    audit
      .command('export')
      .description('write the chains as JSON, one record a line')
      .option('--organization <id>', 'one organization only')
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

  withJson(
    audit
      .command('accept')
      .description('accept a chain, or the anchors, as they are now: after you have looked into a problem')
      .option('--organization <id>', "accept this organization's chain, and record that in it")
      .option('--anchors', 'accept that anchors are missing or were changed')
      .requiredOption('--reason <text>', 'why, without names of people: it is kept'),
  ).action((options: AcceptOptions) => accept(options))
}

function verify({ file, anchor, organization }: VerifyOptions): Promise<Verification> {
  if (file !== undefined) return verifyExport(linesOf(file), offlineKey())
  return operate(async ({ config, database }) => {
    const exported = anchor === undefined ? new Map() : await readHeads(linesOf(anchor))
    return withAnchors(config, database, ({ key, store }) =>
      verifyDatabase({ database, key, anchors: store }, organization ?? null, exported),
    )
  })
}

function accept(options: AcceptOptions): Promise<void> {
  const { organization, anchors, reason } = options
  if ((organization === undefined) === (anchors === undefined)) {
    throw new Error('Say what to accept: --organization or --anchors')
  }
  return operate(({ config, database }) =>
    withAnchors(config, database, async (anchoring) => {
      if (organization === undefined) {
        await acceptAnchors(anchoring, reason)
        return report(options, { anchors: true }, [
          'The next anchors no longer tell of problems with earlier ones.',
        ])
      }
      const head = await acceptChain(anchoring, organization, reason)
      report(options, { organizationId: organization, head }, [
        `The chain of ${organization} is accepted with record ${head.sequence} as its end.`,
      ])
    }),
  )
}

// An export is checked where the server is not, too.
function offlineKey(): AuditKey | null {
  try {
    const key = existingEncryptionKey(readConfig())
    return key ? new AuditKey(key) : null
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

function describe({ organizations, records, anchor, authenticated, problems }: Verification): string[] {
  const against = anchor ? `, against anchor ${anchor.number} of ${anchor.at}` : ''
  const checked = `${records} records of ${organizations} organizations checked${against}`
  const unchecked = authenticated
    ? []
    : ['Without ENCRYPTION_KEY nobody can tell whether the ends of the chains were forged.']
  if (problems.length === 0) return [`${checked}: every chain is whole.`, ...unchecked]
  return [
    `${checked}: ${problems.length} problems.`,
    ...problems.map(({ organizationId, sequence, problem }) =>
      organizationId === null ? `  ${problem}` : `  ${organizationId} record ${sequence}: ${problem}`,
    ),
    ...unchecked,
    ...wrongKey(organizations, problems),
  ]
}

// One forged end is an attack; that all of them are is most often another key.
function wrongKey(organizations: number, problems: Verification['problems']): string[] {
  const forged = problems.filter(({ problem }) => problem === FORGED_END)
  if (organizations === 0 || forged.length < organizations) return []
  return ['Is ENCRYPTION_KEY the one that the server runs with (in the sandbox, in its DATA_DIR)?']
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
}
