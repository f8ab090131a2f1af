import type { Command } from 'commander'
import { resetAccount } from '../../operations/accounts/operator.ts'
import { operate, report, withJson } from '../operator.ts'

interface Options {
  secondFactor?: boolean
  json?: boolean
}

/** `anteroom accounts end-sessions` */
export function accountCommands(program: Command): void {
  const accounts = program.command('accounts').description('the accounts of people')

  withJson(
    accounts
      .command('end-sessions')
      .description('end every session of a user')
      .argument('<email>')
      .option('--second-factor', 'take the second factor away as well, once you know for sure who asks'),
  ).action((email: string, options: Options) =>
    operate(async ({ database, config, auditKey }) => {
      const removeSecondFactor = options.secondFactor === true
      const done = await resetAccount(database, config.environment, email, { removeSecondFactor }, auditKey)
      report(options, done, [
        `${done.sessionsEnded} sessions ended.`,
        ...(done.secondFactorRemoved ? ['The second factor was taken away.'] : []),
      ])
    }),
  )
}
