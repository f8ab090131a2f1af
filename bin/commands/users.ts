import { type Command, Option } from 'commander'
import { createUser, resetPasswordByOperator } from '../../operations/users/operate.ts'
import { resetAccount } from '../../operations/users/reset-account.ts'
import { type Role, roles } from '../../schemas/access.ts'
import { report, withJson } from '../operator.ts'
import { operateServices } from '../services.ts'

interface CreateOptions {
  organization: string
  name: string
  role: Role
  json?: boolean
}

/** `anteroom users create`, `reset-password` and `end-sessions` */
export function userCommands(program: Command): void {
  // `accounts` is the name that it had before.
  const users = program.command('users').alias('accounts').description('the people who log in')

  withJson(
    users
      .command('create')
      .description('create a user in an organization, whose password is shown once')
      .argument('<email>')
      .requiredOption('--organization <id>', 'the organization that the user belongs to')
      .requiredOption('--name <name>', "the user's name")
      .addOption(
        new Option('--role <role>', 'the role in the organization').choices(roles).default('member'),
      ),
  ).action((email: string, { organization, name, role, json = false }: CreateOptions) =>
    operateServices(async (services) => {
      const created = await createUser(services, { email, organizationId: organization, name, role })
      report({ json }, created, [
        `User      ${created.userId}`,
        `E-mail    ${created.email}`,
        `Password  ${created.password}   (shown this once)`,
      ])
    }),
  )

  withJson(
    users
      .command('reset-password')
      .description('give a user a new password, which is shown once, and end their sessions')
      .argument('<email>'),
  ).action((email: string, options: { json?: boolean }) =>
    operateServices(async (services) => {
      const reset = await resetPasswordByOperator(services, email)
      report(options, reset, [`Password  ${reset.password}   (shown this once)`])
    }),
  )

  withJson(
    users
      .command('end-sessions')
      .description('end every session of a user')
      .argument('<email>')
      .option('--second-factor', 'remove the second factor as well, once you know for sure who asks'),
  ).action((email: string, options: { secondFactor?: boolean; json?: boolean }) =>
    operateServices(async (services) => {
      const removeSecondFactor = options.secondFactor === true
      const done = await resetAccount(services, email, { removeSecondFactor })
      report(options, done, [
        `${done.sessionsEnded} sessions ended.`,
        ...(done.secondFactorRemoved ? ['The second factor was taken away.'] : []),
      ])
    }),
  )
}
