import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { serviceAccount } from '../../db/embedded/account.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrate.ts'
import { testApp } from '../support/app.ts'
import { testLogins } from '../support/database.ts'
import { INSTALLED, startInstalled } from '../support/installed-postgres.ts'
import { dataFolder, freshFolder } from './embedded-harness.ts'

const sandbox = environmentOf('sandbox')
const versions = existsSync(INSTALLED) ? await readdir(INSTALLED) : []

for (const version of versions) {
  t.test(`PostgreSQL ${version}, whose owner may create roles and is no superuser`, async (t) => {
    const installed = await startInstalled(version, await freshFolder(t))
    t.teardown(() => installed.stop())
    const logins = testLogins(installed.ownerUrl)
    await migrate(logins, sandbox)
    await migrate(logins, sandbox)
    const server = await testApp(t, {}, { databaseUrl: logins.owner, logins })
    const { auth, keyId, both } = await server.tenant()
    t.equal(
      (await server.call('POST', '/api/campaigns', { headers: auth, body: { name: 'One' } })).status,
      201,
    )
    const list = await server.call('GET', '/api/campaigns', { headers: auth })
    t.equal(list.body.campaigns.length, 1)
    t.equal((await server.call('GET', '/readyz')).status, 200)
    t.equal((await server.call('DELETE', `/api/keys/${keyId}`, { headers: both })).status, 200)
    for (const [own, other] of [
      [logins.tenant, sandbox.systemRole],
      [logins.system, sandbox.tenantRole],
    ] as const) {
      const sql = postgres(own, { max: 1 })
      await t.rejects(sql`set role ${sql(other)}`, { code: '42501' })
      await t.rejects(sql`set role anteroom_owner`, { code: '42501' })
      await sql.end()
    }
    await migrate(
      testLogins(logins.owner, { key: Buffer.alloc(32, 'another').toString('base64') }),
      sandbox,
      {
        dropStaleLogins: true,
      },
    )
  })
}

const OPENSSL = '/usr/bin/openssl'
const withoutOpenssl = existsSync(OPENSSL) ? false : 'openssl makes the certificate'

t.test('over TLS, silence is noticed too', { skip: withoutOpenssl }, async (t) => {
  const dataDir = await dataFolder(t)
  const account = await serviceAccount([dataDir])
  const [key, certificate] = [join(dataDir, 'key.pem'), join(dataDir, 'certificate.pem')]
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'rsa:2048']
  execFileSync(OPENSSL, ['req', '-x509', ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  await writeFile(key, await readFile(key), { mode: 0o600 })
  for (const file of [key, certificate]) if (account) await chown(file, account.uid, account.gid)
  const settings = { ssl: 'on', ssl_key_file: key, ssl_cert_file: certificate }
  const database = await startEmbedded({ dataDir, settings })
  t.teardown(() => database.stop())
  const plain = await startEmbedded({ dataDir: await dataFolder(t) })
  t.teardown(() => plain.stop())
  const logins = testLogins(`${database.url}?sslmode=require`)
  await migrate(logins, sandbox)
  const sql = connect(logins.system, sandbox, { statementMs: 300, max: 1 })
  t.teardown(() => sql.end())
  const [row] = await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`
  t.equal(row?.ssl, true)
  await t.rejects(sql`select pg_sleep(60)`, { code: '57014' })
  const strict = connect(logins.system.replace('=require', '=verify-full'), sandbox)
  t.teardown(() => strict.end())
  await t.rejects(strict`select 1`, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  const refused = connect(`${plain.url}?sslmode=require`, sandbox)
  t.teardown(() => refused.end())
  await t.rejects(refused`select 1`, { message: /offers no TLS, and sslmode=require asks for it/ })

  // The statement is kept from its limit, as on a connection that is silent.
  const silent = sql.begin(async (tx) => {
    await tx`select set_config('statement_timeout', '0', true)`
    await tx`select pg_sleep(60)`
  })
  await t.rejects(silent, { code: /^CONNECTION_/ })
  t.equal((await sql`select 1 as one`)[0]?.one, 1)
})
