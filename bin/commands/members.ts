import { type Command, Option } from 'commander'
import { findUserByEmail } from '../../db/queries/accounts.ts'
import { inviteMember } from '../../operations/invitations/create.ts'
import { listMembers } from '../../operations/members/list.ts'
import { removeMember } from '../../operations/members/remove.ts'
import { type Role, roles } from '../../schemas/access.ts'
import { notFound } from '../../schemas/errors.ts'
import { report, withJson } from '../operator.ts'
import { everyPage, operateOrganization } from '../services.ts'

/** `anteroom members list`, `invite` and `remove` */
export function memberCommands(program: Command): void {
  const members = program.command('members').description('the members of an organization')

  withJson(
    members
      .command('list')
      .description('every member of an organization')
      .argument('<organization>', 'its id'),
  ).action((organizationId: string, options: { json?: boolean }) =>
    operateOrganization(
      async () => organizationId,
      async (run) => {
        const pages = await everyPage((place) => run(listMembers, place))
        const all = pages.flatMap((page) => page.members)
        const lines = all.map(
          ({ userId, role, email, name }) => `${userId}  ${role.padEnd(6)}  ${email}  ${name}`,
        )
        report(options, { members: all }, lines)
      },
    ),
  )

  withJson(
    members
      .command('invite')
      .description('mail a link with which somebody becomes a member')
      .argument('<organization>', 'its id')
      .argument('<email>', 'the address')
      .addOption(new Option('--role <role>', 'what they may do').choices(roles).default('member')),
  ).action((organizationId: string, email: string, options: { role: Role; json?: boolean }) =>
    operateOrganization(
      async () => organizationId,
      async (run) => {
        const sent = await run(inviteMember, { email, role: options.role })
        report(options, sent, [
          `${sent.email} is invited as ${sent.role}, until ${sent.expiresAt}.`,
          // In a sandbox without a mail server nobody else tells the token.
          ...(sent.token === undefined ? [] : [`Token  ${sent.token}`]),
        ])
      },
    ),
  )

  withJson(
    members
      .command('remove')
      .description('remove a member; their sessions in the organization end at once')
      .argument('<organization>', 'its id')
      .argument('<email>', "the member's e-mail address"),
  ).action((organizationId: string, email: string, options: { json?: boolean }) =>
    operateOrganization(
      async () => organizationId,
      async (run, { database }) => {
        const [user] = await findUserByEmail(database, email.toLowerCase())
        if (!user) throw notFound('Member')
        await run(removeMember, { userId: user.id })
        report(options, { userId: user.id }, [`${email} is removed.`])
      },
    ),
  )
}
