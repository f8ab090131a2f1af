// The operator's command line: `npx anteroom --help`.
import { Command } from 'commander'
import { ConfigError } from '../config/config.ts'
import { EmbeddedError } from '../db/embedded/launcher.ts'
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
  const lines = error instanceof ConfigError ? error.lines : [explain(error)]
  for (const line of lines) process.stderr.write(`${line}\n`)
  process.exitCode = 1
}

function explain(error: unknown): string {
  if (error instanceof EmbeddedError) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return `DATABASE_URL: nothing answers there (${message})`
  return error instanceof Error ? error.message : String(error)
}
