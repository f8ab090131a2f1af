// The operator's command line: `npx anteroom --help`.
import { Command } from 'commander'
import { explain } from '../lifecycle/explain.ts'
import packageJson from '../package.json' with { type: 'json' }
import { auditCommands } from './commands/audit.ts'
import { backupCommands } from './commands/backup.ts'
import { doctorCommand } from './commands/doctor.ts'
import { encryptionKeyCommands } from './commands/encryption-key.ts'
import { fileCommands } from './commands/files.ts'
import { keyCommands } from './commands/keys.ts'
import { leakKeyCommands } from './commands/leak-keys.ts'
import { listenCommand } from './commands/listen.ts'
import { mailCommands } from './commands/mail.ts'
import { memberCommands } from './commands/members.ts'
import { migrateCommand } from './commands/migrate.ts'
import { organizationCommands } from './commands/organizations.ts'
import { restoreCommand } from './commands/restore.ts'
import { upgradeDatabaseCommand } from './commands/upgrade-database.ts'
import { userCommands } from './commands/users.ts'
import { webhookCommands } from './commands/webhooks.ts'
import { workerCommand } from './commands/worker.ts'

const program = new Command('anteroom')
  .description(
    'Operates the environment that ANTEROOM_ENV names. It is configured as the server is, by variables.',
  )
  .version(packageJson.version)
migrateCommand(program)
doctorCommand(program)
organizationCommands(program)
auditCommands(program)
userCommands(program)
memberCommands(program)
keyCommands(program)
leakKeyCommands(program)
mailCommands(program)
webhookCommands(program)
workerCommand(program)
listenCommand(program)
fileCommands(program)
encryptionKeyCommands(program)
backupCommands(program)
restoreCommand(program)
upgradeDatabaseCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  const lines = explain(error) ?? [error instanceof Error ? error.message : String(error)]
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exitCode = 1
}
