import type { Command } from 'commander'
import { listUndeliveredMail, resendMail } from '../../operations/mail/operate.ts'
import { report, withJson } from '../operator.ts'
import { operateServices } from '../services.ts'

/** `anteroom mail list` and `resend` */
export function mailCommands(program: Command): void {
  const mail = program.command('mail').description('e-mail that could not be delivered')

  withJson(
    mail.command('list').description('messages that are tried again, and those that were given up'),
  ).action((options: { json?: boolean }) =>
    operateServices(async ({ database, encryptionKey, config }) => {
      const all = await listUndeliveredMail(database, encryptionKey, config.environment.schema)
      const lines = all.map(
        ({ id, state, kind, to, reason }) => `${id}  ${state.padEnd(7)}  ${kind}  ${to}  ${reason ?? ''}`,
      )
      report(options, { mail: all }, lines.length > 0 ? lines : ['None.'])
    }),
  )

  withJson(
    mail
      .command('resend')
      .description('send messages again, now')
      .argument('[ids...]', 'as `mail list` shows them')
      .option('--all', 'all that `mail list` shows'),
  ).action((ids: string[], options: { all?: boolean; json?: boolean }) =>
    operateServices(async ({ database, encryptionKey, config, jobs }) => {
      if ((ids.length === 0) === (options.all === undefined)) throw new Error('Say which: ids, or --all')
      const { schema } = config.environment
      const known = (await listUndeliveredMail(database, encryptionKey, schema)).map(({ id }) => id)
      const unknown = ids.filter((id) => !known.includes(id))
      if (unknown.length > 0) throw new Error(`There is no undelivered message ${unknown.join(', ')}`)
      const resent = await resendMail(database, jobs, schema, options.all ? known : ids)
      report(options, { resent }, [`${resent} messages are sent again.`])
    }),
  )
}
