import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { readConfig } from '../../config/config.ts'
import { checkArchive } from '../../operations/backup/check.ts'
import { createBackup } from '../../operations/backup/create.ts'
import { type BackupPlace, findArchive, openPlace } from '../../operations/backup/place.ts'
import {
  encrypterFor,
  newRecoveryKey,
  type RecoveryKey,
  readRecoveryKey,
} from '../../operations/backup/recovery-key.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { type Operator, operate, report, withJson } from '../operator.ts'

const HOUR_MS = 3_600_000

interface BackupOptions {
  to?: string
  recipient?: string
  keep?: number
  every?: number
  json?: boolean
}

/** `anteroom backup`, `anteroom backup new-key` and `anteroom backup check` */
export function backupCommands(program: Command): void {
  const backup = withJson(
    program
      .command('backup')
      .description('write an encrypted archive of the database, the files and the spool, while servers run'),
  )
    .addOption(
      new Option('--to <place>', 'a folder, or s3://[keyId:secret@]bucket[/prefix][?endpoint=…]').env(
        'BACKUP_URL',
      ),
    )
    .addOption(
      new Option('--recipient <age1…>', 'the public half of the recovery key').env('BACKUP_RECIPIENT'),
    )
    .option('--keep <archives>', 'remove the oldest archives of this environment beyond so many', Number)
    .option(
      '--every <hours>',
      'go on until the command is told to end: an archive at once, and one after so many hours',
      Number,
    )
    .action(create)

  withJson(
    backup
      .command('new-key')
      .description('make a recovery key: its secret half opens archives, its public half writes them')
      .option('--out <file>', 'write it to a new file; otherwise it is printed'),
  ).action(async (options: { out?: string }, command: Command) => {
    const { json } = command.optsWithGlobals<{ json?: boolean }>()
    const { secret, recipient } = await newRecoveryKey()
    const lines = [`# public key: ${recipient}`, secret]
    const { out } = options
    if (out !== undefined) await writeFile(out, `${lines.join('\n')}\n`, { flag: 'wx', mode: 0o600 })
    report(
      { ...(json ? { json } : {}) },
      { recipient, ...(out === undefined ? { recoveryKey: secret } : { file: out }) },
      [
        ...(out === undefined
          ? lines
          : [`The recovery key is in ${out}: move it to a safe place, off this machine.`]),
        `Back up with --recipient ${recipient}`,
      ],
    )
  })

  withJson(
    withRecoveryKey(
      backup
        .command('check')
        .description('read a whole archive, as a restore does, and change nothing')
        .argument(
          '<archive>',
          'a file, an s3:// URL, or a place: then its newest archive of the environment',
        ),
    ),
  ).action(async (where: string, options: { recoveryKeyFile: string }, command: Command) => {
    const { json } = command.optsWithGlobals<{ json?: boolean }>()
    const source = await findArchive(where, readConfig().environment.name)
    try {
      const { manifest, summary } = await checkArchive(source, await recoveryKeyOf(options))
      const { environment, createdAt, version } = manifest
      report(
        { ...(json ? { json } : {}) },
        { archive: source.name, environment, createdAt, version, ...summary },
        [
          `${source.name} is whole: ${environment} at ${createdAt}, ${summary.files} files, of Anteroom ${version}.`,
        ],
      )
    } finally {
      source.close()
    }
  })
}

async function create(options: BackupOptions): Promise<void> {
  const { to, recipient, keep, every } = options
  if (to === undefined) throw new Error('Say where: --to <folder or s3://…>, or BACKUP_URL')
  if (recipient === undefined)
    throw new Error(
      'Say for whom: --recipient age1…, or BACKUP_RECIPIENT. `npx anteroom backup new-key` makes one',
    )
  if (keep !== undefined && !(Number.isSafeInteger(keep) && keep > 0))
    throw new Error('--keep must be 1 or more')
  if (every !== undefined && !(every > 0)) throw new Error('--every must be more than 0 hours')
  encrypterFor(recipient)
  const place = await openPlace(to)
  try {
    await operate(
      async (operator) => {
        if (every === undefined) return createOne(options, operator, place, recipient)
        const { signal } = operator.ending
        while (!signal.aborted) {
          // The next one may succeed: a place may be out of reach for a while.
          await createOne(options, operator, place, recipient).catch((error: Error) => {
            process.stderr.write(`The backup failed: ${error.message}\n`)
          })
          await delay(every * HOUR_MS, undefined, { signal }).catch(() => {})
        }
      },
      { endsItself: every !== undefined },
    )
  } finally {
    place.close()
  }
}

async function createOne(
  options: BackupOptions,
  { config, logins, database }: Operator,
  place: BackupPlace,
  recipient: string,
): Promise<void> {
  const written = await createBackup(
    { config, logins, database, version: packageJson.version },
    place,
    recipient,
  )
  const { keep } = options
  const removed = keep === undefined ? [] : (await place.list(config.environment.name)).slice(0, -keep)
  for (const archive of removed) await place.remove(archive)
  const { archive, sizeBytes, summary } = written
  const { files, damaged } = summary
  report(options, { ...written, removed }, [
    `${archive} written to ${written.place}: ${sizeBytes} bytes, ${files} files.`,
    ...(removed.length > 0 ? [`${removed.length} older archives removed.`] : []),
    ...damaged.map(
      ({ organizationId, id }) => `The bytes of ${organizationId}/${id} are missing or changed.`,
    ),
  ])
  if (damaged.length > 0) process.exitCode = 1
}

/** Adds the option that names the file of the recovery key. */
export function withRecoveryKey(command: Command): Command {
  return command.requiredOption(
    '--recovery-key-file <file>',
    'the recovery key, as `backup new-key` writes it (- reads standard input)',
  )
}

/** Reads the recovery key that the option names. */
export async function recoveryKeyOf({ recoveryKeyFile }: { recoveryKeyFile: string }): Promise<RecoveryKey> {
  const content =
    recoveryKeyFile === '-' ? await text(process.stdin) : await readFile(recoveryKeyFile, 'utf8')
  return readRecoveryKey(content)
}
