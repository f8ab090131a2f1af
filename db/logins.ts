import { hkdfSync } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { encryptionKeyOf } from '../config/encryption-key.ts'

/** The URLs that one environment's processes connect with. Each login has the rights of its work and no others. */
export interface DatabaseLogins {
  /** Owns the tables: for migrations alone. Goes past a pooler. */
  readonly owner: string
  /** Sees the rows of the organization that its transaction names, and no row where it names none. */
  readonly tenant: string
  /** Works across tenants. */
  readonly system: string
  /** The system login past a pooler, for what belongs to a session: LISTEN and locks. */
  readonly session: string
  /** How the migration prepares the tenant's and the system's login. */
  readonly members: readonly MemberLogin[]
}

/** A login that has the rights of a role of the environment by being its member. */
export interface MemberLogin {
  /** The role that policies and grants name. */
  readonly role: string
  readonly url: string
  readonly name: string
  /** Null for a login that the operator has created: the migration does not touch it. */
  readonly password: string | null
}

type Settings = Pick<
  Config,
  | 'environment'
  | 'dataDir'
  | 'encryptionKey'
  | 'databaseTenantUrl'
  | 'databaseSystemUrl'
  | 'databaseDirectUrl'
>

/**
 * The logins of the configured environment.
 * @param ownerUrl the configured `DATABASE_URL`, or the embedded PostgreSQL's
 */
export function databaseLogins(config: Settings, ownerUrl: string): DatabaseLogins {
  const { environment, databaseDirectUrl } = config
  const tenant = memberLogin(config, ownerUrl, environment.tenantRole, config.databaseTenantUrl)
  const system = memberLogin(config, ownerUrl, environment.systemRole, config.databaseSystemUrl)
  return {
    owner: databaseDirectUrl ?? ownerUrl,
    tenant: tenant.url,
    system: system.url,
    session: databaseDirectUrl ? withLogin(databaseDirectUrl, system.url) : system.url,
    members: [tenant, system],
  }
}

function memberLogin(config: Settings, ownerUrl: string, role: string, given: string | null): MemberLogin {
  if (given !== null) {
    return { role, url: given, name: decodeURIComponent(new URL(given).username), password: null }
  }
  const key = encryptionKeyOf(config)
  // The name depends on the key too: databases of one cluster that share the role, and processes that know another
  // key, do not change each other's passwords.
  const name = `${role}_${derive(key, 'anteroom database login', 4).toString('hex')}`
  const password = derive(key, `anteroom database password ${role}`, 32).toString('base64url')
  const login = new URL('postgres://localhost')
  login.username = name
  login.password = password
  return { role, url: withLogin(ownerUrl, login.href), name, password }
}

/** The server and database of one URL with the user and password of another. */
function withLogin(address: string, login: string): string {
  const url = new URL(address)
  const { username, password } = new URL(login)
  // A URL without a database means the one that is named like the user.
  if (url.pathname.length < 2) url.pathname = `/${url.username}`
  url.username = username
  url.password = password
  return url.href
}

function derive(key: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, bytes))
}
