import { type Command, Option } from 'commander'
import { listOrganizations } from '../../db/queries/organizations.ts'
import { createByOperator, setPlan } from '../../operations/organizations/operate.ts'
import { type PlanName, planNames } from '../../operations/plans/plans.ts'
import { operate, report, withJson } from '../operator.ts'
import { operateServices } from '../services.ts'

interface CreateOptions {
  ownerEmail: string
  ownerName: string
  plan?: PlanName
  json?: boolean
}

const aPlan = (flags: string) => new Option(flags, 'what it subscribes to').choices(planNames)

/** `anteroom organizations list`, `create` and `set-plan` */
export function organizationCommands(program: Command): void {
  const organizations = program.command('organizations').description('the organizations of the environment')

  withJson(organizations.command('list').description('every organization, newest first')).action((options) =>
    operate(async ({ database }) => {
      const rows = await listOrganizations(database)
      const lines = rows.map(
        ({ id, name, plan, members }) => `${id}  ${plan.padEnd(10)}  ${members} members  ${name}`,
      )
      report(options, { organizations: rows }, lines.length > 0 ? lines : ['None.'])
    }),
  )

  withJson(
    organizations
      .command('create')
      .description(
        'make an organization with its owner, whose password is shown once; for where sign-up is closed',
      )
      .argument('<name>')
      .requiredOption('--owner-email <address>', "the owner's e-mail address")
      .requiredOption('--owner-name <name>', "the owner's name")
      .addOption(aPlan('--plan <plan>')),
  ).action((name: string, options: CreateOptions) =>
    operateServices(async (services) => {
      const made = await createByOperator(services, { name, ...options })
      report(options, made, [
        `Organization  ${made.organizationId}`,
        `Owner         ${made.email}`,
        `Password      ${made.password}   (shown this once)`,
      ])
    }),
  )

  withJson(
    organizations
      .command('set-plan')
      .description('give an organization another plan')
      .argument('<organization>', 'its id')
      .argument('<plan>', planNames.join(', ')),
  ).action((organizationId: string, plan: string, options: { json?: boolean }) =>
    operateServices(async (services) => {
      const changed = await setPlan(services, organizationId, plan)
      report(options, changed, [`${changed.name} (${changed.id}) has the plan ${changed.plan}.`])
    }),
  )
}
