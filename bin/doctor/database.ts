import { randomBytes } from 'node:crypto'
import type postgres from 'postgres'
import type { Config } from '../../config/config.ts'
import { checkIdentity } from '../../db/identity.ts'
import type { DatabaseLogins } from '../../db/logins.ts'
import { missingMigrations, newestMigration, requireKnown } from '../../db/migrate.ts'
import { ownerClient } from '../../db/owner-client.ts'
import { inspectDatabase, problemsOf } from '../../db/preflight.ts'
import { canaryOpens } from '../../lifecycle/encryption-key.ts'
import { type Check, failed, ok, warning } from './check.ts'

/** What the clocks of this machine and of the database may differ by, in milliseconds. */
const CLOCK_WARNING_MS = 1000
const CLOCK_FAILURE_MS = 5000
/** How long a notification may take. */
const HEARD_MS = 3000

/** The checks of the database. The owner's login is used for the first alone. */
export function databaseChecks(config: Config, logins: DatabaseLogins): Check[] {
  const { environment } = config
  const system = <T>(work: (client: postgres.Sql) => Promise<T>) => withClient(logins.session, config, work)
  const login = (kind: 'tenant' | 'system'): Check => ({
    name: `${kind} login`,
    toDo: `check DATABASE_${kind.toUpperCase()}_URL and ENCRYPTION_KEY, or run \`npx anteroom migrate\``,
    look: () =>
      withClient(logins[kind], config, async (client) => {
        await checkIdentity(client, { environment, kind })
        return ok('logs in, with the rights of its work and no others')
      }),
  })
  return [
    {
      name: 'database',
      toDo: 'check DATABASE_URL, and whether the server runs (docs/database.md)',
      look: () => withClient(logins.owner, config, (client) => lookAtServer(client, config, logins)),
    },
    login('tenant'),
    login('system'),
    {
      name: 'migrations',
      toDo: 'start the version that migrated it, or run `npx anteroom migrate`',
      look: () =>
        system(async (client) => {
          const applied = await newestMigration(client)
          requireKnown(applied)
          const missing = missingMigrations(applied)
          if (missing.length === 0) return ok('none is missing')
          return failed(`${missing.length} missing, from ${missing[0]?.tag}`, 'run `npx anteroom migrate`')
        }),
    },
    {
      name: 'encryption key',
      toDo: 'put the key back that sealed the secrets (docs/database.md)',
      look: () =>
        system(async (client) =>
          (await canaryOpens(config, client))
            ? ok('opens the canary')
            : warning('no canary was kept yet', 'run `npx anteroom migrate`'),
        ),
    },
    {
      name: 'notifications',
      toDo: 'set DATABASE_DIRECT_URL to the database itself, past the pooler',
      look: () => lookAtNotifications(logins.session),
    },
    {
      name: 'clock',
      toDo: 'set the clocks by NTP',
      look: () => system(lookAtClock),
    },
  ]
}

/** Does something with a client of one connection in the environment's schema. */
export async function withClient<T>(
  url: string,
  { environment }: Config,
  work: (client: postgres.Sql) => Promise<T>,
): Promise<T> {
  const client = ownerClient(url, {
    connection: {
      application_name: 'anteroom doctor',
      search_path: environment.schema,
      default_transaction_isolation: 'read committed',
    },
  })
  try {
    return await work(client)
  } finally {
    await client.end({ timeout: 1 })
  }
}

async function lookAtServer(client: postgres.Sql, config: Config, logins: DatabaseLogins) {
  const facts = await inspectDatabase(client, config.environment, logins)
  const [problem, ...more] = problemsOf(facts)
  if (problem) return failed([problem, ...more].join('; '), 'run the statement as an administrator')
  const [tls] = await client<
    { used: boolean }[]
  >`select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as used`
  const seen = `PostgreSQL ${facts.versionText}, ${facts.encoding}, ${tls?.used ? 'with' : 'without'} TLS`
  const { hostname } = new URL(logins.owner)
  if (tls?.used || ['127.0.0.1', 'localhost', '[::1]', ''].includes(hostname)) return ok(seen)
  return warning(seen, 'add sslmode=verify-full to the DATABASE_ URLs, unless the network is your own')
}

async function lookAtNotifications(url: string) {
  const [hearing, telling] = [ownerClient(url), ownerClient(url)]
  const channel = `anteroom_doctor_${randomBytes(6).toString('hex')}`
  let timer: NodeJS.Timeout | undefined
  try {
    const heard = Promise.withResolvers<boolean>()
    await hearing.listen(channel, () => heard.resolve(true))
    await telling.notify(channel, '')
    timer = setTimeout(() => heard.resolve(false), HEARD_MS)
    if (await heard.promise) return ok('arrive')
    return failed(
      'do not arrive: a pooler in transaction mode is in between, and revocations would be heard late',
      'set DATABASE_DIRECT_URL to the database itself',
    )
  } finally {
    clearTimeout(timer)
    await Promise.all([hearing.end({ timeout: 1 }), telling.end({ timeout: 1 })])
  }
}

async function lookAtClock(client: postgres.Sql) {
  const before = Date.now()
  const [row] = await client<{ at: number }[]>`
    select extract(epoch from clock_timestamp())::float8 * 1000 as at`
  const difference = Math.round((row?.at ?? 0) - (before + Date.now()) / 2)
  const seen = `differs from the database's by ${Math.abs(difference)} ms`
  if (Math.abs(difference) > CLOCK_FAILURE_MS) return failed(seen, 'set the clocks by NTP')
  return Math.abs(difference) > CLOCK_WARNING_MS ? warning(seen, 'set the clocks by NTP') : ok(seen)
}
