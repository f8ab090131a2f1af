import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { serviceAccount } from '../../db/embedded/account.ts'
import { readCluster, runAs } from '../../db/embedded/cluster.ts'
import { ownerUrl, prepareOwner } from '../../db/embedded/owner.ts'
import { stopPostmaster, urlOf } from '../../db/embedded/postmaster.ts'
import { ensureRunning } from '../../db/embedded/start.ts'
import { migrate } from '../../db/migrate.ts'
import { commandLine } from '../support/command.ts'
import { TEST_KEY, testLogins } from '../support/database.ts'
import { INSTALLED } from '../support/installed-postgres.ts'
import { startServer } from '../support/server-process.ts'

t.setTimeout(580_000)

const programs = join(INSTALLED, '15')
const missing = !existsSync(join(programs, 'bin/initdb')) && 'PostgreSQL 15 is not installed'

t.test(
  'an embedded database of an older PostgreSQL is brought to the new one',
  { skip: missing },
  async (t) => {
    const dataDir = await oldDatabase(t)
    const variables = { DATA_DIR: dataDir, ENCRYPTION_KEY: TEST_KEY }
    const anteroom = commandLine(variables)
    t.match(await anteroom('organizations', 'list'), { code: 1, error: /upgrade-database/ })
    t.match(await anteroom('upgrade-database', '--programs', '/nowhere'), { code: 1, error: /does not run/ })
    t.equal(
      (await readFile(join(dataDir, 'postgres/data/PG_VERSION'), 'utf8')).trim(),
      '15',
      'nothing is changed',
    )

    const upgraded = await anteroom('upgrade-database', '--programs', programs, '--json')
    t.match(upgraded, { code: 0, error: '' })
    t.match(JSON.parse(upgraded.out), {
      from: '15',
      to: '18',
      rows: { sandbox: { organizations: 1, campaigns: 1 }, production: { organizations: 1 } },
    })
    t.same((await readdir(dataDir)).filter((name) => /postgres|upgrade/.test(name)).sort(), [
      'postgres',
      'postgres.old-15',
    ])
    t.match(await anteroom('upgrade-database', '--programs', programs), { code: 0, out: /nothing to do/ })

    const server = await startServer(t, variables)
    t.match(await commandLine(variables)('organizations', 'list'), { code: 0, out: /Old sandbox/ })
    t.match(await anteroom('upgrade-database', '--programs', programs), { code: 0, out: /nothing to do/ })
    await server.end('SIGTERM')
    const production = { ...variables, ANTEROOM_ENV: 'production', EMBEDDED_DATABASE: 'yes' }
    t.match(await commandLine(production)('migrate'), { code: 0 })
    t.match(await commandLine(production)('organizations', 'list'), { code: 0, out: /Old production/ })
  },
)

/** A data folder as an Anteroom that brought PostgreSQL 15 has left it, with a row in each environment. */
async function oldDatabase(t: Test): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-upgrade-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  await chmod(dataDir, 0o755)
  const account = await serviceAccount([dataDir])
  const folder = join(dataDir, 'postgres')
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  await writeFile(join(folder, 'password'), 'fake-superuser')
  for (const path of [folder, data, join(folder, 'password')]) {
    await chmod(path, 0o700)
    if (account) await chown(path, account.uid, account.gid)
  }
  const options = ['-U', 'anteroom', `--pwfile=${join(folder, 'password')}`, '--auth=scram-sha-256']
  execFileSync(join(programs, 'bin/initdb'), ['-D', data, ...options, '-E', 'UTF8', '--locale=C'], {
    ...runAs(account),
    cwd: data,
  })
  const cluster = await readCluster(dataDir)
  if (!cluster) throw new Error('the cluster was not made')
  const { server } = await ensureRunning(cluster, { folder: programs, major: '15' }, account, {})
  try {
    const admin = postgres(urlOf(cluster, server.port, { database: 'postgres' }), { max: 1 })
    await admin`create database anteroom`
    await admin.end()
    await prepareOwner(cluster, server)
    const url = ownerUrl(cluster, server.port)
    for (const name of ['sandbox', 'production'] as const) {
      const environment = environmentOf(name)
      await migrate(testLogins(url, { environment }), environment)
      const sql = postgres(urlOf(cluster, server.port), { max: 1, connection: { search_path: name } })
      await sql`insert into organizations (id, name) values ('org_old', ${`Old ${name}`})`
      if (name === 'sandbox')
        await sql`
          insert into campaigns (organization_id, id, name, status, language, questions, invite_valid_hours, metadata)
          values ('org_old', 'cmp_old', 'Old', 'active', 'en', '[]', 1, '{}')`
      await sql.end()
    }
  } finally {
    await stopPostmaster(server)
  }
  return dataDir
}
