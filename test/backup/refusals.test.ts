import { createReadStream } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { migrate, migrations } from '../../db/migrate.ts'
import { ownerClient } from '../../db/owner-client.ts'
import { listCopiedTables } from '../../db/transfer/tables.ts'
import { readArchive, writeArchive } from '../../operations/backup/archive.ts'
import { checkArchive } from '../../operations/backup/check.ts'
import { findArchive } from '../../operations/backup/place.ts'
import { newRecoveryKey } from '../../operations/backup/recovery-key.ts'
import { openBucket } from '../support/bucket.ts'
import { commandLine } from '../support/command.ts'
import { createTestDatabase, TEST_KEY, testLogins } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'

t.setTimeout(580_000)

const production = environmentOf('production')

/** An empty production environment, and its command line. */
async function installation(t: Test, variables: Record<string, string> = {}) {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const name = new URL(database.url).pathname
  const dataDir = join(t.testdirName, `data-${name.slice(1)}`)
  const owner = new URL((await testServer()).ownerUrl)
  owner.pathname = name
  const all = {
    ANTEROOM_ENV: 'production',
    DATABASE_URL: owner.href,
    ENCRYPTION_KEY: TEST_KEY,
    DATA_DIR: dataDir,
    ...variables,
  }
  const sql = postgres(database.url, {
    max: 1,
    connection: { search_path: 'production' },
    onnotice: () => {},
  })
  t.teardown(() => sql.end())
  return {
    dataDir,
    sql,
    ownerUrl: owner.href,
    anteroom: commandLine(all),
    with: (more: Record<string, string>) => commandLine({ ...all, ...more }),
  }
}

/** One with an organization, backed up. */
async function backedUp(t: Test) {
  const folder = t.testdir()
  const source = await installation(t)
  const owner = ['--owner-email', 'ada@acme.example', '--owner-name', 'Ada']
  t.match(await source.anteroom('organizations', 'create', 'Acme', ...owner), { code: 0 })
  const { secret, recipient } = await newRecoveryKey()
  const key = join(folder, 'recovery-key')
  await writeFile(key, `${secret}\n`)
  const archives = join(folder, 'archives')
  t.match(await source.anteroom('backup', '--to', archives, '--recipient', recipient), {
    code: 0,
    out: /anteroom-production-.* written to/,
  })
  const archive = join(archives, (await readdir(archives))[0] as string)
  return { source, folder, key, secret, recipient, archives, archive }
}

t.test(
  'production goes to an empty database, and nothing is written before all is known to be right',
  async (t) => {
    const { source, folder, key, secret, recipient, archives, archive } = await backedUp(t)
    const target = await installation(t)
    const untouched = async (what: string) => {
      t.same(await target.sql`select from organizations`, [], `${what}: no row`)
      t.same(await readdir(target.dataDir).catch(() => []), [], `${what}: no file`)
    }
    const refused = async (error: RegExp, from = archive, keyFile = key, anteroom = target.anteroom) => {
      t.match(await anteroom('restore', from, '--recovery-key-file', keyFile), { code: 1, error, out: '' })
      await untouched(String(error))
    }
    const write = async (name: string, bytes: Buffer | string) => {
      await writeFile(join(folder, name), bytes)
      return join(folder, name)
    }
    const whole = await readFile(archive)
    const flipped = Buffer.from(whole)
    flipped[flipped.length - 50] = (flipped.at(-50) as number) ^ 1

    await refused(
      /recovery key is not the one/,
      archive,
      await write('other-key', (await newRecoveryKey()).secret),
    )
    await refused(/damaged or truncated/, await write('flipped', flipped))
    await refused(/set ANTEROOM_ENV=production/, archive, key, target.with({ ANTEROOM_ENV: 'sandbox' }))
    const otherKey = Buffer.alloc(32, 9).toString('base64')
    await refused(/ENCRYPTION_KEY is not the key/, archive, key, target.with({ ENCRYPTION_KEY: otherKey }))
    const isRefused = async (error: RegExp, manifest: Record<string, unknown>) => {
      const path = await rewrite(archive, secret, recipient, join(folder, 'rewritten'), manifest)
      await t.rejects(checkArchive(await findArchive(path, 'production'), { secret, recipient }), error)
    }
    const later = { tag: '9999_later', when: Date.now() * 2 }
    await isRefused(/99\.0\.0, which is newer than this one/, { version: '99.0.0', migration: later })
    await isRefused(/newer than this one/, { format: 2 })
    await isRefused(/does not know \(0000_other\)/, { migration: { tag: '0000_other', when: 1 } })
    t.match(await target.anteroom('backup', '--recipient', recipient), { code: 1, error: /Say where/ })
    t.match(await target.anteroom('backup', '--to', archives), { code: 1, error: /Say for whom/ })
    t.match(await target.anteroom('backup', '--to', archives, '--recipient', secret), {
      code: 1,
      error: /age1/,
    })

    t.match(await target.anteroom('backup', 'check', archives, '--recovery-key-file', key), {
      code: 0,
      out: /is whole: production at/,
    })
    t.match(await target.anteroom('restore', archives, '--recovery-key-file', key), { code: 0, error: '' })
    t.match(await target.anteroom('organizations', 'list'), { code: 0, out: /1 members +Acme/ })
    t.match(await target.anteroom('audit', 'verify'), { code: 0, out: /every chain is whole/ })
    const rows = async (sql: postgres.Sql) =>
      Promise.all(
        (await listCopiedTables(sql, 'production')).map(async ({ schema, name }) => [
          name,
          (await sql`select to_jsonb(row) as row from ${sql(schema)}.${sql(name)} row order by 1`).map(
            ({ row }) => row,
          ),
        ]),
      )
    t.strictSame(await rows(target.sql), await rows(source.sql), 'every row of every table')
    const forced = (sql: postgres.Sql) => sql`
    select relname, relrowsecurity, relforcerowsecurity from pg_class
    where relnamespace = 'production'::regnamespace order by 1`
    t.strictSame(
      [...(await forced(target.sql))],
      [...(await forced(source.sql))],
      'the policies hold as before',
    )
    const disabled = await target.sql`select tgname from pg_trigger where tgenabled = 'D'`
    t.same([...disabled], [], 'triggers run again')
    t.match(await target.anteroom('restore', archives, '--recovery-key-file', key), {
      code: 1,
      error: /not empty, and a restore overwrites nothing: the database holds rows of .*organizations/,
    })
  },
)

t.test('an archive of an older version is migrated after it is restored', async (t) => {
  const folder = t.testdir()
  const source = await installation(t)
  await source.sql`drop schema production cascade`
  await source.sql`drop schema production_jobs cascade`
  const until = migrations.find(({ tag }) => tag.startsWith('0020_'))
  if (!until) throw new Error('there is no such migration')
  await migrate(testLogins(source.ownerUrl, { environment: production }), production, { until })
  const [table] = await source.sql`select to_regclass('mail_allowances') as name`
  t.equal(table?.name, null, 'the older version does not have it')
  await source.sql`insert into organizations (id, name) values ('org_old', 'Old')`
  await source.sql`insert into encryption_canary (sealed) select sealed from encryption_canary where false`

  const { secret, recipient } = await newRecoveryKey()
  await writeFile(join(folder, 'key'), secret)
  t.match(await source.anteroom('backup', '--to', join(folder, 'archives'), '--recipient', recipient), {
    code: 0,
  })
  const target = await installation(t)
  const restored = await target.anteroom(
    'restore',
    join(folder, 'archives'),
    '--recovery-key-file',
    join(folder, 'key'),
  )
  t.match(restored, { code: 0, error: '' })
  t.same([...(await target.sql`select id, name from organizations`)], [{ id: 'org_old', name: 'Old' }])
  const [newest] = await target.sql`select max(created_at)::float8 as at from __drizzle_migrations`
  t.equal(newest?.at, migrations.at(-1)?.when, 'all migrations are applied')
})

t.test('a bucket keeps archives as a folder does, and the oldest go', async (t) => {
  const folder = t.testdir()
  const bucket = await openBucket(t)
  const source = await installation(t)
  const { secret, recipient } = await newRecoveryKey()
  await writeFile(join(folder, 'key'), secret)
  const url = new URL(bucket.url)
  url.pathname = '/kept'
  const old = [1, 2, 3].map((day) => `kept/anteroom-production-2026-01-0${day}T000000Z.tar.age`)
  for (const name of [...old, 'kept/other']) bucket.objects.set(name, Buffer.from('old'))
  const variables = { BACKUP_URL: url.href, BACKUP_RECIPIENT: recipient }
  const written = await source.with(variables)('backup', '--keep', '2', '--json')
  t.match(written, { code: 0, error: '' })
  const { archive, removed } = JSON.parse(written.out)
  t.same(removed.length, 2)
  t.same([...bucket.objects.keys()].sort(), [`kept/${archive}`, old[2], 'kept/other'].sort())
  t.notMatch(written.out, /secret/i, 'the password of the bucket is not shown')
  const named = new URL(url)
  named.pathname = `/kept/${archive}`
  for (const where of [url.href, named.href])
    t.match(await source.anteroom('backup', 'check', where, '--recovery-key-file', join(folder, 'key')), {
      code: 0,
    })
})

t.test('no copied table has a sequence: an import would have to set it', async (t) => {
  const { ownerUrl } = await installation(t)
  const client = ownerClient(ownerUrl)
  t.teardown(() => client.end())
  const tables = await listCopiedTables(client, 'production')
  const sequences = await client<{ name: string }[]>`
    select relname as name from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'production'::regnamespace and (attidentity <> '' or atthasdef and exists (
      select from pg_attrdef where adrelid = attrelid and adnum = attnum
        and pg_get_expr(adbin, adrelid) like 'nextval%'))`
  const names = sequences.map(({ name }) => name)
  t.same(
    tables.filter(({ name }) => names.includes(name)),
    [],
  )
})

/** Writes an archive anew with other facts in its manifest, as only who has both halves of the key can. */
async function rewrite(
  path: string,
  secret: string,
  recipient: string,
  to: string,
  facts: Record<string, unknown>,
): Promise<string> {
  const entries: [string, Buffer][] = []
  await readArchive(createReadStream(path), { secret, recipient }, async ({ name, content }) => {
    entries.push([name, await buffer(Readable.from(content))])
  })
  await rm(to, { force: true })
  await writeArchive(to, recipient, async (archive) => {
    for (const [name, content] of entries) {
      const isManifest = name === 'manifest.json'
      await archive.add(
        name,
        isManifest ? JSON.stringify({ ...JSON.parse(String(content)), ...facts }) : content,
      )
    }
  })
  return to
}
