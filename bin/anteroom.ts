// The operator's command line: `npx anteroom --help`.
import { Command } from 'commander'
import { explain } from '../lifecycle/explain.ts'
import packageJson from '../package.json' with { type: 'json' }
import { accountCommands } from './commands/accounts.ts'
import { auditCommands } from './commands/audit.ts'
import { fileCommands } from './commands/files.ts'
import { leakKeyCommands } from './commands/leak-keys.ts'
import { listenCommand } from './commands/listen.ts'
import { migrateCommand } from './commands/migrate.ts'
import { organizationCommands } from './commands/organizations.ts'
import { workerCommand } from './commands/worker.ts'

const program = new Command('anteroom')
  .description(
    'Operates the environment that ANTEROOM_ENV names. It is configured as the server is, by variables.',
  )
  .version(packageJson.version)
migrateCommand(program)
organizationCommands(program)
auditCommands(program)
accountCommands(program)
leakKeyCommands(program)
workerCommand(program)
listenCommand(program)
fileCommands(program)

try {
  await program.parseAsync()
} catch (error) {
  const lines = explain(error) ?? [error instanceof Error ? error.message : String(error)]
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exitCode = 1
}
