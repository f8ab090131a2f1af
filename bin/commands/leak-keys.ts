import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { deleteLeakKey, listLeakKeys } from '../../db/queries/leaks.ts'
import { addLeakKeys, readLeakKeys } from '../../operations/keys/leak-keys.ts'
import { operate, report, withJson } from '../operator.ts'

interface AddOptions {
  identifier?: string
  json?: boolean
}

/** `anteroom leak-keys add`, `list` and `remove` */
export function leakKeyCommands(program: Command): void {
  const leakKeys = program
    .command('leak-keys')
    .description('public keys of secret-scanning partners, whose reports of leaked API keys are believed')

  withJson(
    leakKeys
      .command('add')
      .description("keep the keys of a partner's JSON document (- reads standard input), or one PEM")
      .argument('<file>')
      .option('--identifier <id>', 'the identifier of a PEM'),
  ).action((file: string, options: AddOptions) =>
    operate(async ({ database }) => {
      const keys = readLeakKeys(readFileSync(file === '-' ? 0 : file, 'utf8'), options.identifier)
      const added = await addLeakKeys(database, keys)
      report(options, { added }, [`${added.length} added, ${keys.length - added.length} known before.`])
    }),
  )

  withJson(leakKeys.command('list').description('the keys that are kept')).action((options) =>
    operate(async ({ database }) => {
      const rows = await listLeakKeys(database)
      const lines = rows.map((row) => `${row.keyIdentifier}  since ${row.createdAt.toISOString()}`)
      report(options, { leakKeys: rows }, lines.length > 0 ? lines : ['None: every report is refused.'])
    }),
  )

  withJson(leakKeys.command('remove').description('believe a key no longer').argument('<identifier>')).action(
    (identifier: string, options) =>
      operate(async ({ database }) => {
        const removed = (await deleteLeakKey(database, identifier)).length > 0
        if (!removed) throw new Error(`no key ${identifier} is kept`)
        report(options, { removed: identifier }, [`${identifier} removed.`])
      }),
  )
}
