import type { Environment } from '../config/environment.ts'
import { loginSettings } from './login-settings.ts'
import type { DatabaseLogins, MemberLogin } from './logins.ts'
import { scramVerifier } from './scram.ts'
import { quoteName, quoteText } from './sql-text.ts'

/**
 * The SQL that an administrator runs once where the owner may not create roles: the roles, the logins and what the owner
 * itself needs. It may run again: what is there is left as it is.
 */
export function roleScript(environment: Environment, logins: DatabaseLogins): string {
  const owner = quoteName(decodeURIComponent(new URL(logins.owner).username))
  const all = [owner, ...logins.members.map(({ name }) => quoteName(name))]
  const here = (statement: string) => `  EXECUTE format(${quoteText(statement)}, current_database());`
  return [
    `-- Roles and logins of the ${environment.name}. Run this as an administrator, connected to the database of Anteroom.`,
    '-- Passwords are here as SCRAM verifiers: from these nobody can log in. The processes know the passwords themselves.',
    'DO $anteroom$',
    'DECLARE',
    '  -- PostgreSQL 16 and newer can keep a member from SET ROLE.',
    "  membership text := CASE WHEN current_setting('server_version_num')::int >= 160000",
    "    THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;",
    'BEGIN',
    ...[environment.tenantRole, environment.systemRole].flatMap((role) =>
      unlessThere(role, `CREATE ROLE ${quoteName(role)} NOLOGIN NOBYPASSRLS;`),
    ),
    ...logins.members.flatMap((login) => [
      ...unlessThere(
        login.name,
        `CREATE ROLE ${quoteName(login.name)} LOGIN NOBYPASSRLS${passwordOf(login)};`,
      ),
      `  EXECUTE ${quoteText(`GRANT ${quoteName(login.role)} TO ${quoteName(login.name)}`)} || membership;`,
      ...loginSettings(environment).map(([setting, value]) =>
        here(`ALTER ROLE ${quoteName(login.name)} IN DATABASE %I SET ${setting} = ${quoteText(value)}`),
      ),
    ]),
    here(`GRANT CONNECT ON DATABASE %I TO ${all.join(', ')}`),
    here(`GRANT CREATE ON DATABASE %I TO ${owner}`),
    'END',
    '$anteroom$;',
  ].join('\n')
}

function unlessThere(role: string, statement: string): string[] {
  return [`  IF to_regrole(${quoteText(quoteName(role))}) IS NULL THEN`, `    ${statement}`, '  END IF;']
}

// A login that the operator names brings its password in its URL. One without stays without, e.g. for certificates.
function passwordOf({ password, url }: MemberLogin): string {
  const known = password ?? decodeURIComponent(new URL(url).password)
  // Other text would have to be normalized before it is hashed (RFC 8265).
  return /^[\x20-\x7e]+$/.test(known) ? ` PASSWORD ${quoteText(scramVerifier(known))}` : ''
}
