import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { auditFiles, sweepFiles } from '../../operations/files/remove.ts'
import { sampleClip, sampleTone } from '../../operations/files/sample-media.ts'
import { keyOf } from '../../operations/files/store.ts'
import { arriving, type TakenFile, takeFile, type Wanted } from '../../operations/files/take.ts'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { makeCandidate } from '../support/candidates.ts'
import { pdf } from '../support/files.ts'
import { remainsOf } from '../support/stored-files.ts'

async function setUp(t: Test) {
  const server = await testApp(t)
  const { files: store, tenancy, config } = server.app
  if (config.storage.kind !== 'folder') throw new Error('the tests keep files in a folder')
  const { folder } = config.storage
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const tenant = await server.tenant()
  const owner = { candidateId: await makeCandidate(server, tenant), interviewId: null, questionId: null }
  const wanted: Wanted = { organizationId: tenant.organizationId, owner, kind: 'document' }
  const pathOf = (id: string) => join(folder, keyOf(store, tenant.organizationId, id))
  const add = () =>
    takeFile(store, tenancy, wanted, arriving(store, pdf(), 'cv.pdf'), ({ keep }) =>
      tenancy.write(tenant.organizationId, async (tx) => (await keep(tx)).id),
    )
  return { server, store, tenancy, sql, tenant, wanted, pathOf, add, remains: remainsOf(t, server) }
}

t.test('files after a crash', async (t) => {
  const { store, tenancy, sql, tenant, wanted, pathOf, add, remains } = await setUp(t)
  const kept = await add()
  const still = { bytes: [kept], rows: [kept], answered: [], removals: [] }
  const nothing = { uploads: 0, removed: 0, orphans: 0, missing: 0 }

  t.test('a sweep of what is whole changes nothing', async (t) => {
    t.same(await auditFiles(store), nothing)
    t.same(await remains(), still)
  })

  // Every point at which a process may die: what it has done by then, and what a sweep finds.
  const row = (id: string, lease: string) => sql`
    insert into files (organization_id, id, candidate_id, state, name, lease_until)
    values (${tenant.organizationId}, ${id}, ${wanted.owner.candidateId}, 'uploading', '', now() + ${lease}::interval)`
  const place = async (path: string) => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, 'half a file')
  }
  const points: [string, (id: string) => Promise<unknown>, Partial<typeof nothing>][] = [
    ['before the first byte', (id) => row(id, '-1 s'), { uploads: 1, removed: 1 }],
    [
      'while it arrives',
      async (id) => {
        await row(id, '-1 s')
        await place(store.incoming.path(id))
      },
      { uploads: 1, removed: 1 },
    ],
    [
      'once it is in its place, and before its row says so',
      async (id) => {
        await row(id, '-1 s')
        await place(pathOf(id))
      },
      { uploads: 1, removed: 1 },
    ],
    [
      'after its row was deleted, and before its bytes are',
      async (id) => {
        await row(id, '1 h')
        await place(pathOf(id))
        await sql`delete from files where id = ${id}`
      },
      { removed: 1 },
    ],
    ['without any row, as it arrived', (id) => place(store.incoming.path(id)), { orphans: 1 }],
    ['without any row, in its place', (id) => place(pathOf(id)), { orphans: 1 }],
  ]
  for (const [name, make, expected] of points) {
    t.test(`killed ${name}`, async (t) => {
      await make(newId('file'))
      t.same(await auditFiles(store), { ...nothing, ...expected })
      t.same(await remains(), still)
    })
  }

  t.test('an upload that somebody is at work on is left alone', async (t) => {
    const id = newId('file')
    await row(id, '1 minute')
    await place(store.incoming.path(id))
    t.same(await auditFiles(store), nothing)
    t.ok((await remains()).bytes.includes(id))
    await sql`delete from files where id = ${id}`
    t.same(await sweepFiles(store), { ...nothing, removed: 1 })
  })

  t.test('an upload that was given up while it went on becomes no file', async (t) => {
    const late = takeFile(
      store,
      tenancy,
      wanted,
      async (id) => {
        const arrived = await arriving(store, pdf(), 'late.pdf')(id)
        await sql`update files set lease_until = now() - interval '1 s' where id = ${id}`
        await sweepFiles(store)
        await place(store.incoming.path(id))
        await writeFile(store.incoming.path(id), pdf())
        return arrived
      },
      ({ keep }) => tenancy.write(wanted.organizationId, async (tx) => (await keep(tx)).id),
    )
    await t.rejects(late, { code: 'CONFLICT' })
    await auditFiles(store)
    t.same(await remains(), still)
  })

  t.test('whenever an upload’s row is deleted, the answer is 409: the storage has not failed', async (t) => {
    const forget = async (id: string) => {
      await sql`delete from files where id = ${id}`
      await sweepFiles(store)
    }
    const commit = ({ keep }: TakenFile) =>
      tenancy.write(wanted.organizationId, async (tx) => (await keep(tx)).id)
    const contents = { document: pdf(), audio: sampleTone(1), video: sampleClip() }
    for (const kind of ['document', 'audio', 'video'] as const) {
      const arrive = arriving(store, contents[kind], 'forgotten')
      const before = async (id: string) => {
        await forget(id)
        return arrive(id)
      }
      const after = async (id: string) => {
        const arrived = await arrive(id)
        await forget(id)
        return arrived
      }
      for (const when of [before, after]) {
        const late = takeFile(store, tenancy, { ...wanted, kind }, when, commit)
        await t.rejects(late, { code: 'CONFLICT' }, `${kind}, ${when.name}`)
      }
    }
    await auditFiles(store)
    t.same(await remains(), still)
  })

  t.test('an upload that stands still is given up', async (t) => {
    let sent = false
    const silent = new Readable({
      read() {
        // The second time, the first bytes have been taken.
        if (sent) this.destroy(new Error('it stood still'))
        else this.push(pdf())
        sent = true
      },
    })
    const stuck = takeFile(
      store,
      tenancy,
      wanted,
      async (id) => ({ received: await store.incoming.receive(id, silent, 1000), name: 'cv.pdf' }),
      ({ keep }) => tenancy.write(wanted.organizationId, async (tx) => (await keep(tx)).id),
    )
    await t.rejects(stuck, { message: 'it stood still' })
    t.same(await remains(), still)
  })

  t.test('a transaction that fails leaves nothing', async (t) => {
    const failed = takeFile(store, tenancy, wanted, arriving(store, pdf(), 'cv.pdf'), ({ keep }) =>
      tenancy.write(wanted.organizationId, async (tx) => {
        await keep(tx)
        throw new Error('something else went wrong')
      }),
    )
    await t.rejects(failed, { message: 'something else went wrong' })
    t.same(await remains(), still)
  })

  t.test('bytes that are missing are told of, and the row is kept', async (t) => {
    await rm(pathOf(kept))
    t.same(await auditFiles(store), { ...nothing, missing: 1 })
    t.same((await remains()).rows, [kept])
    await writeFile(pathOf(kept), pdf())
  })

  t.test('many sweeps at once do it once', async (t) => {
    const ids = await Promise.all(Array.from({ length: 12 }, add))
    await sql`delete from files where id = any(${ids})`
    const swept = await Promise.all([1, 2, 3].map(() => sweepFiles(store)))
    t.equal(
      swept.reduce((sum, { removed }) => sum + removed, 0),
      ids.length,
    )
    t.same(await remains(), still)
  })
})
