import type { Command } from 'commander'
import { findOrganizationOfWebhook } from '../../db/queries/webhooks.ts'
import { listWebhooks } from '../../operations/webhooks/list.ts'
import { replayFailedDeliveries } from '../../operations/webhooks/replay-failed.ts'
import { notFound } from '../../schemas/errors.ts'
import { report, withJson } from '../operator.ts'
import { everyPage, operateOrganization } from '../services.ts'

const DAY_MS = 86_400_000

/** `anteroom webhooks list` and `requeue` */
export function webhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('the webhooks of an organization')

  withJson(
    webhooks
      .command('list')
      .description('every webhook of an organization, newest first')
      .argument('<organization>', 'its id'),
  ).action((organizationId: string, options: { json?: boolean }) =>
    operateOrganization(
      async () => organizationId,
      async (run) => {
        const pages = await everyPage((place) => run(listWebhooks, place))
        const all = pages.flatMap((page) => page.webhooks)
        const lines = all.map(({ id, status, url }) => `${id}  ${status.padEnd(8)}  ${url}`)
        report(options, { webhooks: all }, lines.length > 0 ? lines : ['None.'])
      },
    ),
  )

  withJson(
    webhooks
      .command('requeue')
      .description('send the failed deliveries of a webhook again, at most 10,000 at once')
      .argument('<webhook>', 'its id')
      .option(
        '--since <time>',
        'those that have failed since, e.g. 2026-01-31T09:30:00Z; otherwise in the last 24 hours',
      ),
  ).action((id: string, options: { since?: string; json?: boolean }) =>
    operateOrganization(
      async ({ database }) => {
        const [found] = await findOrganizationOfWebhook(database, id)
        if (!found) throw notFound('Webhook')
        return found.organizationId
      },
      async (run) => {
        const since = options.since ?? new Date(Date.now() - DAY_MS).toISOString()
        const { deliveries } = await run(replayFailedDeliveries, { id, since })
        report(options, { id, since, deliveries }, [`${deliveries} deliveries of ${id} are sent again.`])
      },
    ),
  )
}
