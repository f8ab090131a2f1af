// The operator's command line: npx anteroom --help
import { Command } from 'commander'
import { ConfigError, readConfig } from '../config/config.ts'
import { EmbeddedError, startEmbedded } from '../db/embedded/launcher.ts'
import { migrate } from '../db/migrate.ts'
import packageJson from '../package.json' with { type: 'json' }

interface Output {
  json?: true
}

const program = new Command('anteroom')
  .description(
    'Operates the environment that ANTEROOM_ENV names. It is configured as the server is, by variables.',
  )
  .version(packageJson.version)

program
  .command('migrate')
  .description("bring the environment's database schema up to date; several at once take turns")
  .option('--json', 'print JSON')
  .action(async ({ json }: Output) => {
    const { databaseUrl, dataDir, environment } = readConfig()
    const embedded = databaseUrl === null ? await startEmbedded({ dataDir }) : null
    try {
      await migrate(databaseUrl ?? (embedded?.url as string), environment)
    } finally {
      await embedded?.stop()
    }
    console.log(
      json
        ? JSON.stringify({ environment: environment.name })
        : `The ${environment.name} schema is up to date.`,
    )
  })

try {
  await program.parseAsync()
} catch (error) {
  // what the operator can mend is told in a line; anything else is a fault of ours, with its stack
  if (error instanceof ConfigError || error instanceof EmbeddedError) console.error(error.message)
  else console.error(error)
  process.exitCode = 1
}
