import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { sqlState } from './unavailable.ts'

/** Whose rights a connection must have, in which environment. */
export interface Identity {
  readonly environment: Environment
  readonly kind: 'tenant' | 'system'
}

/** A session of PostgreSQL: its process, and since when, as numbers of processes come again. */
export interface Session {
  readonly pid: number
  readonly since: string
}

interface Observed extends Session {
  readonly name: string
  readonly switched: boolean
  readonly exempt: boolean
  readonly superuser: boolean
  readonly owns: boolean
  readonly own: boolean
  readonly other: boolean
  readonly schema: string | null
  readonly rowSecurity: string
  readonly isolation: string
}

/** A connection is not logged in as it must be, so that nothing may run on it. */
export class WrongLogin extends Error {
  override readonly name = 'WrongLogin'
  readonly code = 'CONNECTION_WRONG_LOGIN'
}

/** Whether PostgreSQL itself refused a connection, for another reason than that it starts or stops. */
export function hasAnswered(error: unknown): boolean {
  const state = sqlState(error)
  return error instanceof WrongLogin || (state !== null && !state.startsWith('57P'))
}

/**
 * Checks who a new connection is: a pooler that drops what a connection asks for at its start, or a wrong URL, must not
 * take row-level security away unseen.
 * @returns the session; null behind a pooler, where the next statement may run in another one
 * @throws WrongLogin with a sentence for the operator
 */
export async function checkIdentity(
  client: postgres.Sql,
  { environment, kind }: Identity,
): Promise<Session | null> {
  const isTenant = kind === 'tenant'
  const own = isTenant ? environment.tenantRole : environment.systemRole
  const other = isTenant ? environment.systemRole : environment.tenantRole
  // Roles that do not exist, and a schema that does not, are nobody's.
  const answer = await client<Observed[]>`
    select pg_backend_pid() as pid, (select backend_start::text from pg_stat_get_activity(pg_backend_pid())) as since,
      current_user::text as name, current_user <> session_user as switched,
      rolbypassrls as exempt, rolsuper as superuser, current_schema()::text as schema,
      coalesce(pg_has_role(current_user, to_regrole(${own})::oid, 'usage'), false) as own,
      coalesce(pg_has_role(current_user, to_regrole(${other})::oid, 'member'), false) as other,
      coalesce((select pg_has_role(current_user, nspowner, 'member') from pg_namespace
        where nspname = ${environment.schema}), false) as owns,
      current_setting('row_security') as "rowSecurity",
      current_setting('default_transaction_isolation') as isolation
    from pg_roles where rolname = current_user`
  const [found] = answer
  const fault = found && faultOf(found, environment, own, other)
  if (!found || fault) {
    const variable = isTenant ? 'DATABASE_TENANT_URL' : 'DATABASE_SYSTEM_URL'
    throw new WrongLogin(
      `A database connection for the ${kind} login is logged in as ${found?.name ?? 'nobody'}, ${fault ?? 'who is no role'}. It is not used. Check ${variable}, and the pooler in between.`,
    )
  }
  const { pid, since } = found
  return answer.state?.pid === pid ? { pid, since } : null
}

/**
 * Ends sessions that the other side of a lost connection may still hold: their locks would be held for nobody.
 * @param client of the same login, as nobody else may
 */
export async function endSessions(client: postgres.Sql, sessions: readonly Session[]): Promise<void> {
  const pids = sessions.map(({ pid }) => pid)
  const since = sessions.map((session) => session.since)
  await client`
    select pg_terminate_backend(pid, 200)
    from unnest(${pids}::int[], ${since}::text[]) as lost (pid, since) join pg_stat_activity as still using (pid)
    where still.backend_start::text = lost.since and usename = current_user`
}

/**
 * Which of the sessions wait for their client to say something.
 * @param client of the same login: nobody else sees what a session does
 * @returns their process ids
 */
export async function sessionsThatWait(
  client: postgres.Sql,
  sessions: readonly Session[],
): Promise<ReadonlySet<number>> {
  const pids = sessions.map(({ pid }) => pid)
  const since = sessions.map((session) => session.since)
  const waiting = await client<{ pid: number }[]>`
    select pid from unnest(${pids}::int[], ${since}::text[]) as ours (pid, since) join pg_stat_activity using (pid)
    where backend_start::text = ours.since and state like 'idle%'`
  return new Set(waiting.map(({ pid }) => pid))
}

function faultOf(found: Observed, { schema }: Environment, own: string, other: string): string | null {
  if (found.superuser) return 'who is a superuser'
  if (found.exempt) return 'who has BYPASSRLS'
  if (found.owns) return 'who owns the tables'
  if (!found.own) return `who is no member of ${own}`
  if (found.other) return `who is a member of ${other} too`
  if (found.switched) return 'who has switched the role'
  if (found.schema !== schema) return `and works in the schema ${found.schema}, not in ${schema}`
  if (found.rowSecurity !== 'on') return 'and has switched row security off'
  if (found.isolation !== 'read committed') return `and works in the isolation level ${found.isolation}`
  return null
}
