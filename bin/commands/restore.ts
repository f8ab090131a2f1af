import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type Config, readConfig } from '../../config/config.ts'
import { encryptionKeyOf } from '../../config/encryption-key.ts'
import { migrate } from '../../db/migrate.ts'
import { reachDatabase } from '../../lifecycle/database.ts'
import { migrateDatabase } from '../../lifecycle/migrate.ts'
import { type CheckedArchive, checkArchive, requireFits } from '../../operations/backup/check.ts'
import { dropNewerSchema, isMigrated, requireEmpty } from '../../operations/backup/empty.ts'
import { findArchive } from '../../operations/backup/place.ts'
import { restoreArchive } from '../../operations/backup/restore.ts'
import { operate, report, withJson } from '../operator.ts'
import { recoveryKeyOf, withRecoveryKey } from './backup.ts'

interface RestoreOptions {
  recoveryKeyFile: string
  json?: boolean
}

/** `anteroom restore` */
export function restoreCommand(program: Command): void {
  withJson(
    withRecoveryKey(
      program
        .command('restore')
        .description('write an archive into an empty system')
        .argument(
          '<archive>',
          'a file, an s3:// URL, or a place: then its newest archive of the environment',
        ),
    ),
  ).action(restore)
}

async function restore(where: string, options: RestoreOptions): Promise<void> {
  const config = readConfig()
  const { environment } = config
  const key = await recoveryKeyOf(options)
  const source = await findArchive(where, environment.name)
  try {
    const checked = await checkArchive(source, key)
    const isPlaced = await placeEncryptionKey(config, checked)
    try {
      await operate(
        async ({ logins }) => {
          const migrated = await isMigrated(config, logins)
          if (migrated) await reachDatabase(config, logins)
          await requireEmpty(config, logins, migrated)
          if (migrated) await dropNewerSchema(config, logins, checked.manifest.migration)
          await migrate(logins, environment, { until: checked.manifest.migration })
          await restoreArchive(source, key, checked, { config, logins })
          await migrateDatabase(config, logins)
        },
        { migrates: true },
      )
    } catch (error) {
      if (isPlaced) await rm(encryptionKeyPath(config), { force: true })
      throw error
    }
    const { createdAt, version } = checked.manifest
    const { files, deleted, damaged } = checked.summary
    report(
      options,
      { archive: source.name, environment: environment.name, createdAt, version, ...checked.summary },
      [
        `The ${environment.name} environment is as it was at ${createdAt}: ${files} files.`,
        ...(deleted.length > 0 ? [`${deleted.length} files were deleted during the backup.`] : []),
        ...(damaged.length > 0 ? [`${damaged.length} files were damaged before the backup.`] : []),
        'What was revoked, deleted or changed since then has to be done again: docs/operations/backup.md',
      ],
    )
  } finally {
    source.close()
  }
}

/**
 * Makes sure that the encryption key is the one of the archive. An installation that has made it itself gets it back.
 * @returns whether it was written
 */
async function placeEncryptionKey(config: Config, checked: CheckedArchive): Promise<boolean> {
  const { name } = config.environment
  const { encryptionKey } = checked
  const known = await readFile(encryptionKeyPath(config), 'utf8').catch(() => null)
  if (config.encryptionKey || known !== null || encryptionKey === null) {
    if (!config.encryptionKey && known === null) {
      throw new Error('ENCRYPTION_KEY is needed: the one that the server had when the archive was written')
    }
    requireFits(checked, name, encryptionKeyOf(config))
    return false
  }
  requireFits(checked, name, Buffer.from(encryptionKey, 'base64'))
  await mkdir(config.dataDir, { recursive: true })
  await writeFile(encryptionKeyPath(config), `${encryptionKey}\n`, { flag: 'wx', mode: 0o600 })
  return true
}

function encryptionKeyPath({ dataDir }: Config): string {
  return join(dataDir, 'encryption.key')
}
