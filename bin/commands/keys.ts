import type { Command } from 'commander'
import { findOrganizationOfKey } from '../../db/queries/keys.ts'
import { listKeys } from '../../operations/keys/list.ts'
import { revokeKey } from '../../operations/keys/revoke.ts'
import { rotateKey } from '../../operations/keys/rotate.ts'
import { notFound } from '../../schemas/errors.ts'
import { type Operator, report, withJson } from '../operator.ts'
import { everyPage, operateOrganization } from '../services.ts'

/** `anteroom keys list`, `revoke` and `rotate` */
export function keyCommands(program: Command): void {
  const keys = program.command('keys').description('the API keys of an organization')

  withJson(
    keys
      .command('list')
      .description('every key of an organization, newest first')
      .argument('<organization>', 'its id'),
  ).action((organizationId: string, options: { json?: boolean }) =>
    operateOrganization(
      async () => organizationId,
      async (run) => {
        const pages = await everyPage((place) => run(listKeys, place))
        const all = pages.flatMap((page) => page.keys)
        const lines = all.map(
          ({ id, status, prefix, name }) => `${id}  ${status.padEnd(8)}  ${prefix}…  ${name}`,
        )
        report(options, { keys: all }, lines.length > 0 ? lines : ['None.'])
      },
    ),
  )

  withJson(
    keys
      .command('revoke')
      .description('revoke a key; no instance accepts it once the command has ended')
      .argument('<key>', 'its id')
      .option('--reason <text>', 'for the records of the organization'),
  ).action((id: string, options: { reason?: string; json?: boolean }) =>
    operateOrganization(organizationOf(id), async (run) => {
      const { reason } = options
      const revoked = await run(revokeKey, { id, ...(reason === undefined ? {} : { reason }) })
      const instances = revoked.receipt.replicas.length
      report(options, revoked, [`${revoked.name} (${id}) is revoked in ${instances} instances.`])
    }),
  )

  withJson(
    keys
      .command('rotate')
      .description('replace a key by a new one, which is shown once')
      .argument('<key>', 'its id')
      .option('--grace-hours <hours>', 'how long the old key keeps working', Number, 24),
  ).action((id: string, options: { graceHours: number; json?: boolean }) =>
    operateOrganization(organizationOf(id), async (run) => {
      const successor = await run(rotateKey, { id, graceHours: options.graceHours })
      report(options, successor, [
        `Key  ${successor.id}`,
        `     ${successor.key}   (shown this once)`,
        `The old key works for ${options.graceHours} hours more.`,
      ])
    }),
  )
}

/** Finds the organization of a key. */
function organizationOf(id: string): (operator: Operator) => Promise<string> {
  return async ({ database }) => {
    const [found] = await findOrganizationOfKey(database, id)
    if (!found) throw notFound('Key')
    return found.organizationId
  }
}
