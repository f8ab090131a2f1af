import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { jobSchema } from './jobs.ts'
import type { DatabaseLogins } from './logins.ts'
import { quoteName } from './sql-text.ts'

/** The first version that the migrations and queries run on. */
const OLDEST = 150_000
/** From PostgreSQL 16 on, CREATEROLE alone does not let a login grant a role that another one has created. */
const ADMIN_OPTION_SINCE = 160_000

/** What a migration finds, before it changes anything. */
export interface DatabaseFacts {
  /** As `server_version_num` has it: 150013 is 15.13. */
  readonly version: number
  readonly versionText: string
  readonly encoding: string
  /** A standby, or a server that only takes reads. */
  readonly readOnly: boolean
  readonly database: string
  /** Who migrates. */
  readonly owner: string
  readonly superuser: boolean
  readonly createsRoles: boolean
  /** Whether the owner may create schemas. */
  readonly createsSchemas: boolean
  readonly plpgsql: boolean
  readonly schemas: readonly SchemaFacts[]
  /** The two roles that policies and grants name. */
  readonly roles: readonly RoleFacts[]
  readonly logins: readonly LoginFacts[]
}

interface SchemaFacts {
  readonly name: string
  /** Null: there is no such schema yet. */
  readonly belongsTo: string | null
  /** Whether who migrates has the rights of that owner. */
  readonly owned: boolean
}

interface RoleFacts {
  readonly name: string
  readonly exists: boolean
  /** Whether who migrates may make others members of it, other than by CREATEROLE. */
  readonly administered: boolean
}

interface LoginFacts {
  readonly name: string
  readonly role: string
  readonly exists: boolean
  readonly member: boolean
}

/**
 * Reads what a migration of the environment depends on.
 * @param client of who migrates
 */
export async function inspectDatabase(
  client: postgres.Sql,
  environment: Environment,
  { members }: DatabaseLogins,
): Promise<DatabaseFacts> {
  const [server] = await client<Omit<DatabaseFacts, 'schemas' | 'roles' | 'logins'>[]>`
    select current_setting('server_version_num')::int as version, current_setting('server_version') as "versionText",
      current_setting('server_encoding') as encoding,
      pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "readOnly",
      current_database()::text as database, current_user::text as owner,
      rolsuper as superuser, rolcreaterole as "createsRoles",
      has_database_privilege(current_database(), 'create') as "createsSchemas",
      exists (select from pg_language where lanname = 'plpgsql') as plpgsql
    from pg_roles where rolname = current_user`
  const schemas = await client<SchemaFacts[]>`
    select wanted.name, pg_get_userbyid(nspowner)::text as "belongsTo",
      coalesce(pg_has_role(current_user, nspowner, 'usage'), false) as owned
    from unnest(${[environment.schema, jobSchema(environment)]}::text[]) as wanted (name)
    left join pg_namespace on nspname = wanted.name`
  const roles = await client<RoleFacts[]>`
    select wanted.name, oid is not null as exists,
      coalesce(pg_has_role(current_user, oid, 'member with admin option'), false) as administered
    from unnest(${[environment.tenantRole, environment.systemRole]}::text[]) as wanted (name)
    left join pg_roles on rolname = wanted.name`
  const logins = await client<LoginFacts[]>`
    select wanted.name, wanted.role, login.oid is not null as exists,
      coalesce(pg_has_role(login.oid, held.oid, 'usage'), false) as member
    from unnest(${members.map(({ name }) => name)}::text[], ${members.map(({ role }) => role)}::text[])
      as wanted (name, role)
    left join pg_roles as login on login.rolname = wanted.name
    left join pg_roles as held on held.rolname = wanted.role`
  if (!server) throw new Error('the database does not know who is logged in')
  return { ...server, schemas, roles, logins }
}

/**
 * What keeps a migration from succeeding: a line each, with the statement that helps.
 * @returns nothing where nothing is in the way
 */
export function problemsOf(facts: DatabaseFacts): string[] {
  const { version, versionText, database, owner, encoding } = facts
  if (version < OLDEST) {
    return [
      `PostgreSQL ${versionText} is too old: Anteroom needs 15 or newer. Upgrade the server (pg_upgrade)`,
    ]
  }
  const problems: string[] = []
  if (encoding !== 'UTF8') {
    problems.push(
      `the database ${quoteName(database)} is encoded in ${encoding}, and Anteroom needs UTF8. Name another one: ` +
        `CREATE DATABASE ${quoteName(`${database}_utf8`)} OWNER ${quoteName(owner)} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0`,
    )
  }
  if (facts.readOnly) problems.push('this server only takes reads: name the primary one')
  if (!facts.plpgsql) problems.push('the language of functions is missing: CREATE EXTENSION plpgsql')
  return [...problems, ...schemaProblems(facts), ...roleProblems(facts)]
}

function schemaProblems({ schemas, createsSchemas, database, owner, superuser }: DatabaseFacts): string[] {
  if (superuser) return []
  const problems: string[] = []
  if (!createsSchemas && schemas.some(({ belongsTo }) => belongsTo === null)) {
    problems.push(
      `${quoteName(owner)} may not create a schema: GRANT CREATE ON DATABASE ${quoteName(database)} TO ${quoteName(owner)}`,
    )
  }
  const others = new Set(schemas.flatMap(({ belongsTo, owned }) => (belongsTo && !owned ? [belongsTo] : [])))
  for (const other of others) {
    const names = schemas.filter(({ belongsTo }) => belongsTo === other).map(({ name }) => quoteName(name))
    problems.push(
      `the schema ${names.join(' and ')} belongs to ${quoteName(other)}. Migrate with that login, or ` +
        `REASSIGN OWNED BY ${quoteName(other)} TO ${quoteName(owner)}`,
    )
  }
  return problems
}

function roleProblems({ version, owner, superuser, createsRoles, roles, logins }: DatabaseFacts): string[] {
  if (superuser) return []
  const missing = [...roles, ...logins].filter(({ exists }) => !exists).map(({ name }) => name)
  const strangers = logins.filter(({ member }) => !member)
  const administered = (role: string) => roles.some(({ name, administered }) => name === role && administered)
  const script = 'run as an administrator what `npx anteroom migrate --print-roles` prints'
  if (!createsRoles && missing.length > 0) {
    return [
      `${quoteName(owner)} may not create roles, and ${missing.map(quoteName).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: ` +
        `${script}, or ALTER ROLE ${quoteName(owner)} CREATEROLE`,
    ]
  }
  const closed = strangers.filter(({ role }) => !administered(role))
  if (!createsRoles && closed.length > 0) {
    const grants = closed.map(({ name, role }) => `GRANT ${quoteName(role)} TO ${quoteName(name)}`)
    return [`${quoteName(owner)} may not let logins be members of roles: ${script}, or ${grants.join('; ')}`]
  }
  if (version < ADMIN_OPTION_SINCE) return []
  // A role that the migration creates itself is its own to grant.
  const foreign = roles.filter(({ name, exists }) => exists && closed.some(({ role }) => role === name))
  if (foreign.length === 0) return []
  const names = foreign.map(({ name }) => quoteName(name)).join(', ')
  return [
    `another login has created ${names}, and ${quoteName(owner)} may not grant what it did not create: ` +
      `GRANT ${names} TO ${quoteName(owner)} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  ]
}
