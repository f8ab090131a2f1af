import type postgres from 'postgres'
import { ConfigError } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { loginSettings } from './login-settings.ts'
import type { DatabaseLogins, MemberLogin } from './logins.ts'
import { ownerClient } from './owner-client.ts'
import { scramVerifier } from './scram.ts'
import { quoteName, quoteText } from './sql-text.ts'
import { sqlState } from './unavailable.ts'

/** PostgreSQL 16 and newer can keep a member from `set role`. */
const SET_OPTION_SINCE = 160_000

/**
 * Creates the two roles of an environment, which policies and grants name, and the logins that have their rights.
 * Everything that is there already is left as it is.
 * @param client the owner's; it needs CREATEROLE unless the roles and the logins exist
 */
export async function prepareRoles(
  client: postgres.Sql,
  environment: Environment,
  logins: DatabaseLogins,
): Promise<void> {
  const known = await rolesLike(client, environment)
  for (const role of [environment.tenantRole, environment.systemRole]) {
    if (!known.has(role)) await createRole(client, role)
    const [may] = await client<{ use: boolean }[]>`
      select has_schema_privilege(${role}, ${environment.schema}, 'usage') as use`
    if (!may?.use) {
      await takeTurns(() => client`grant usage on schema ${client(environment.schema)} to ${client(role)}`)
    }
  }
  for (const login of logins.members) {
    if (login.password !== null && !known.has(login.name)) await createLogin(client, environment, login)
    if (!(await isMember(client, login))) await takeTurns(() => grantRole(client, login))
    await letConnect(client, login)
  }
}

/**
 * Creates the logins of a migrated environment that are missing. For the command line: it may run where nobody has
 * migrated with its encryption key.
 * @returns whether the environment is migrated, as far as that had to be looked up
 */
export async function ensureLogins(logins: DatabaseLogins, environment: Environment): Promise<boolean> {
  if (logins.members.every(({ password }) => password === null)) return true
  const client = ownerClient(logins.owner, { fetch_types: false })
  try {
    const [schema] = await client`select from pg_namespace where nspname = ${environment.schema}`
    if (schema) await prepareRoles(client, environment, logins)
    return schema !== undefined
  } finally {
    await client.end({ timeout: 1 })
  }
}

async function rolesLike(
  client: postgres.Sql,
  { tenantRole, systemRole }: Environment,
): Promise<Set<string>> {
  const rows = await client<{ name: string }[]>`
    select rolname as name from pg_roles
    where starts_with(rolname, ${tenantRole}) or starts_with(rolname, ${systemRole})`
  return new Set(rows.map(({ name }) => name))
}

async function createRole(client: postgres.Sql, role: string): Promise<void> {
  await unlessThere(client`create role ${client(role)} nologin nobypassrls`)
}

async function createLogin(
  client: postgres.Sql,
  environment: Environment,
  { name, password }: MemberLogin,
): Promise<void> {
  const verifier = scramVerifier(password ?? '')
  await unlessThere(
    client`create role ${client(name)} login nobypassrls password ${client.unsafe(`'${verifier}'`)}`,
  )
  const [here] = await client<{ name: string }[]>`select current_database() as name`
  const login = client`alter role ${client(name)} in database ${client(here?.name ?? '')}`
  for (const [setting, value] of loginSettings(environment)) {
    await takeTurns(() => client`${login} set ${client(setting)} = ${client.unsafe(quoteText(value))}`)
  }
}

async function isMember(client: postgres.Sql, { name, role }: MemberLogin): Promise<boolean> {
  const [row] = await client<{ member: boolean }[]>`
    select coalesce(pg_has_role(to_regrole(quote_ident(${name}))::oid, ${role}::name, 'usage'), true) as member`
  return row?.member === true
}

// From PostgreSQL 16 on a member may be kept from `set role`; before that, it may take its own role and no other.
async function grantRole(client: postgres.Sql, { name, role }: MemberLogin): Promise<void> {
  const [server] = await client<
    { version: number }[]
  >`select current_setting('server_version_num')::int as version`
  const options = (server?.version ?? 0) < SET_OPTION_SINCE ? '' : 'with inherit true, set false'
  await client`grant ${client(role)} to ${client(name)} ${client.unsafe(options)}`
}

// Most databases let everyone connect; some let nobody who is not named.
async function letConnect(client: postgres.Sql, { name }: MemberLogin): Promise<void> {
  const mayConnect = async () => {
    const [row] = await client<{ database: string; may: boolean }[]>`
      select current_database() as database,
        coalesce(has_database_privilege(to_regrole(quote_ident(${name}))::oid, current_database(), 'connect'), true) as may`
    return { database: row?.database ?? '', may: row?.may === true }
  }
  const { database, may } = await mayConnect()
  if (may) return
  // Where the owner has no right to grant it, this is a mere warning.
  await takeTurns(() => client`grant connect on database ${client(database)} to ${client(name)}`)
  if ((await mayConnect()).may) return
  throw new ConfigError([
    `DATABASE_URL: the login ${name} may not connect to the database: GRANT CONNECT ON DATABASE ${quoteName(database)} TO ${quoteName(name)}`,
  ])
}

/**
 * Drops the logins that were created for this database with another encryption key, once no connection uses them: who
 * changes the key wants the passwords that came from the old one to end.
 */
export async function dropStaleLogins(
  client: postgres.Sql,
  { tenantRole, systemRole }: Environment,
  { members }: DatabaseLogins,
): Promise<void> {
  const stale = await client<{ name: string }[]>`
    select rolname as name from pg_db_role_setting
    join pg_roles on pg_roles.oid = setrole
    join pg_database on pg_database.oid = setdatabase and datname = current_database()
    where regexp_replace(rolname, '_[0-9a-f]{8}$', '') in (${tenantRole}, ${systemRole})
      and rolname <> all (${members.map(({ name }) => name)}::text[])
      and not exists (select from pg_stat_activity where usesysid = pg_roles.oid)`
  for (const { name } of stale) {
    // It may be of use to another database, or belong to another owner.
    await client`drop role ${client(name)}`.catch((error: unknown) => {
      if (!['2BP01', '42501', '42704', '55006'].includes(sqlState(error) ?? '')) throw error
    })
  }
}

// Roles belong to the cluster, and the migration's lock to one database of it: another one's migration may be faster.
async function unlessThere(statement: postgres.PendingQuery<postgres.Row[]>): Promise<void> {
  await statement.catch((error: unknown) => {
    if (!['42710', '23505'].includes(sqlState(error) ?? '')) throw error
  })
}

/** Repeats a statement that meets another one on the same row of a catalog ("tuple concurrently updated"). */
async function takeTurns(run: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run()
      return
    } catch (error) {
      if (sqlState(error) !== 'XX000' || attempt === 10) throw error
    }
  }
}
