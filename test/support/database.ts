import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import postgres from 'postgres'
import { type Environment, environmentOf } from '../../config/environment.ts'
import { type DatabaseLogins, databaseLogins } from '../../db/logins.ts'
import { migrate } from '../../db/migrate.ts'
import { testServer } from './postgres.ts'

const migrations = new URL('../../db/migrations/', import.meta.url)
const LOCK = 4_617_315_600

/** The encryption key of every server under test that brings none: its logins are the ones of the test databases. */
export const TEST_KEY = Buffer.alloc(32, 'a key for tests').toString('base64')

/** A database of a test file's own, both environments migrated; dropped by `drop`. */
export interface TestDatabase {
  /** The superuser's URL. */
  readonly url: string
  /** What a server connects with. */
  readonly logins: DatabaseLogins
  drop(): Promise<void>
}

/** Clones the migrated template, which the first caller after a change of the migrations makes. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await testServer()
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  try {
    const template = `template_${await migrationsHash()}`
    const name = `test_${randomBytes(6).toString('hex')}`
    await admin`select pg_advisory_lock(${LOCK})`
    const [known] = await admin`select from pg_database where datname = ${template}`
    if (!known) await makeTemplate(admin, server.ownerUrl, template)
    await admin`create database ${admin(name)} template ${admin(template)} owner ${admin(userOf(server.ownerUrl))}`
    await admin`select pg_advisory_unlock(${LOCK})`
    return {
      url: withDatabase(server.url, name),
      logins: testLogins(withDatabase(server.ownerUrl, name)),
      drop: () => dropDatabase(server.url, name),
    }
  } finally {
    await admin.end()
  }
}

/**
 * The logins for a database of the test server.
 * @param url the owner's or, where a test wants to look at everything, the superuser's
 * @param options.key the encryption key, in base64
 */
export function testLogins(
  url: string,
  {
    environment = environmentOf('sandbox'),
    key = TEST_KEY,
  }: { environment?: Environment; key?: string } = {},
): DatabaseLogins {
  const none = { databaseTenantUrl: null, databaseSystemUrl: null, databaseDirectUrl: null, dataDir: '' }
  const encryptionKey = Buffer.from(key, 'base64')
  return databaseLogins({ ...none, environment, encryptionKey }, url)
}

// Built under another name and renamed at the end: a run that was stopped leaves no half-migrated template.
async function makeTemplate(admin: postgres.Sql, ownerUrl: string, template: string): Promise<void> {
  const building = `${template}_building`
  await admin`drop database if exists ${admin(building)} with (force)`
  await admin`create database ${admin(building)} owner ${admin(userOf(ownerUrl))}`
  for (const environment of [environmentOf('sandbox'), environmentOf('production')]) {
    await migrate(testLogins(withDatabase(ownerUrl, building), { environment }), environment)
  }
  await admin`alter database ${admin(building)} rename to ${admin(template)}`
}

async function dropDatabase(url: string, name: string): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin`drop database if exists ${admin(name)} with (force)`
  await admin.end()
}

function userOf(url: string): string {
  return new URL(url).username
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(migrations)).sort()) {
    if (name.endsWith('.sql')) hash.update(name).update(await readFile(new URL(name, migrations)))
  }
  for (const name of ['migrate.ts', 'jobs.ts', 'roles.ts', 'logins.ts'])
    hash.update(await readFile(new URL(`../${name}`, migrations)))
  return hash.digest('hex').slice(0, 16)
}
