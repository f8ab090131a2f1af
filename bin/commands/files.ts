import type { Command } from 'commander'
import { auditFiles, type Swept, sweepFiles } from '../../operations/files/remove.ts'
import { openFileStore } from '../../operations/files/store.ts'
import { operate, report, withJson } from '../operator.ts'

interface Options {
  json?: boolean
}

/** `anteroom files sweep` and `anteroom files check` */
export function fileCommands(program: Command): void {
  const files = program.command('files').description('uploaded files')
  const commands = [
    ['sweep', 'give up uploads that a crash left, and remove the bytes of deleted files', sweepFiles],
    [
      'check',
      'sweep, and compare the whole storage with the database; exit code 1 where bytes are missing',
      auditFiles,
    ],
  ] as const
  for (const [name, description, work] of commands) {
    withJson(files.command(name).description(description)).action((options: Options) =>
      operate(async ({ config, database }) => {
        const store = await openFileStore(config, database, { error: tell, warn: tell })
        const swept = await work(store)
        store.storage.close()
        report(options, swept, describe(swept))
        if (swept.missing > 0) process.exitCode = 1
      }),
    )
  }
}

function tell(fields: { err?: Error }, message: string): void {
  process.stderr.write(`${message}${fields.err ? `: ${fields.err.message}` : ''}\n`)
}

function describe({ uploads, removed, orphans, missing }: Swept): string[] {
  return [
    `${uploads} uploads given up, ${removed} deleted files removed, ${orphans} files removed that no row knew.`,
    ...(missing > 0 ? [`${missing} files have lost their bytes.`] : []),
  ]
}
