import type { Config } from '../../config/config.ts'
import { jobSchema } from '../../db/jobs.ts'
import type { DatabaseLogins } from '../../db/logins.ts'
import { type Check, failed, ok, warning } from './check.ts'
import { withClient } from './database.ts'

/** The clock of the workers makes a job a minute. */
const WORKER_SECONDS = 180
const STUCK_SECONDS = 600

/** The checks of what is done behind the requests. */
export function workChecks(config: Config, logins: DatabaseLogins): Check[] {
  return [
    {
      name: 'worker',
      toDo: 'start `npx anteroom worker`, or a server without --without-worker',
      look: () =>
        withClient(logins.session, config, async (client) => {
          const [row] = await client<{ age: number | null }[]>`
            select extract(epoch from clock_timestamp() - max(cron_on))::float8 as age
            from ${client(jobSchema(config.environment))}.version`
          const age = row?.age ?? null
          const toDo = 'start `npx anteroom worker`, or a server without --without-worker'
          if (age === null) return failed('none has ever been at work', toDo)
          const seen = `one was at work ${Math.round(age)} s ago`
          return age > WORKER_SECONDS ? failed(seen, toDo) : ok(seen)
        }),
    },
    {
      name: 'webhooks',
      toDo: 'check the worker',
      look: () =>
        withClient(logins.session, config, async (client) => {
          const [row] = await client<{ stuck: number; failing: number }[]>`
            select (select count(*)::int from deliveries join webhooks
                on webhooks.organization_id = deliveries.organization_id and webhooks.id = webhook_id
                where state = 'pending' and disabled_at is null
                  and extract(epoch from clock_timestamp() - due_at) > ${STUCK_SECONDS}
                  and coalesce(paused_until, '-infinity') < clock_timestamp()) as stuck,
              (select count(*)::int from webhooks where failing_since is not null) as failing`
          const { stuck = 0, failing = 0 } = row ?? {}
          if (stuck > 0)
            return failed(
              `${stuck} deliveries have waited for over ten minutes`,
              'check the worker and its log',
            )
          if (failing > 0)
            return warning(
              `${failing} receivers fail`,
              'tell their organizations: /api/webhooks names the errors',
            )
          return ok('nothing is stuck')
        }),
    },
  ]
}
