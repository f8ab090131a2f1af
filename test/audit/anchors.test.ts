import { text } from 'node:stream/consumers'
import t from 'tap'
import { acceptAnchors, acceptChain } from '../../operations/audit/accept.ts'
import { readBook } from '../../operations/audit/anchors/book.ts'
import { makeAnchor } from '../../operations/audit/anchors/make.ts'
import { readHeads, verifyExport } from '../../operations/audit/export.ts'
import { AuditKey } from '../../operations/audit/key.ts'
import { type Audited, audited, written } from '../support/audit.ts'

t.setTimeout(300_000)

const FOLDER = 'audit-anchors/sandbox/'

async function files({ storage }: Audited): Promise<string[]> {
  const keys: string[] = []
  for await (const key of storage.keys(FOLDER)) keys.push(key.slice(FOLDER.length))
  return keys.sort()
}

/** Takes the chain back to an earlier moment, its authenticated end and all: what a superuser who kept it can do. */
async function keepMoment({ disk }: Audited): Promise<() => Promise<void>> {
  await disk.unsafe(
    'create table old_records as table audit_records; create table old_heads as table audit_heads',
  )
  return async () => {
    await disk.unsafe('delete from audit_records; insert into audit_records table old_records')
    await disk.unsafe('delete from audit_heads; insert into audit_heads table old_heads')
  }
}

t.test('an anchor is made when a chain has changed, and not otherwise', async (t) => {
  const one = await audited(t)
  t.match(await one.anchor(), { number: 1, suspicious: [], problems: [] })
  t.match(await one.anchor(), { number: null, suspicious: [], problems: [] })
  await one.record('changed')
  t.match(await one.anchor(), { number: 2 })
  t.strictSame(await files(one), ['000000000001-whole.json', '000000000002.json'])
  const { anchor, problems } = await one.verify()
  t.match({ anchor, problems }, { anchor: { number: 2, at: /Z$/ }, problems: [] })
})

t.test('a chain that was taken back to an earlier moment is seen, and stays seen', async (t) => {
  const one = await audited(t)
  const takeBack = await keepMoment(one)
  await one.record('the last word')
  await one.anchor()
  await takeBack()
  t.match(await one.problems(), /is gone: an anchor ended with it/)

  t.match(await one.anchor(), { number: null, suspicious: [one.organizationId] }, 'it is not anchored anew')
  for (const name of ['other', 'words', 'instead']) await one.record(name)
  t.match(await one.anchor(), { number: null, suspicious: [one.organizationId] }, 'nor once it is longer')
  t.match(await one.problems(), /is another record than an anchor ended with/)

  await acceptChain(one.anchoring, one.organizationId, 'a restored backup')
  t.equal(await one.problems(), '', 'an operator may accept it')
  await one.record('and on')
  t.match(await one.anchor(), { suspicious: [] })
  t.equal(await one.problems(), '')
})

t.test('without an anchor, and without an export, an earlier moment passes', async (t) => {
  const one = await audited(t)
  const takeBack = await keepMoment(one)
  await one.record('the last word')
  const heads = await readHeads(written(await one.exported()))
  await takeBack()
  t.equal(await one.problems(), '', 'this is what docs/audit.md says')
  t.match((await one.verify(heads)).problems, [{ problem: /is gone: the earlier export ended with it/ }])
  for (const name of ['other', 'words', 'instead']) await one.record(name)
  t.match((await one.verify(heads)).problems, [
    { problem: /is another record than the earlier export ended with/ },
  ])
})

t.test('an organization that is gone, its chain and all, is missed', async (t) => {
  const one = await audited(t)
  await one.anchor()
  await one.disk.unsafe('delete from audit_records; delete from audit_heads; delete from organizations')
  t.match(await one.problems(), /is gone: an anchor ended with it\nthe chain is missing/)
})

t.test('anchors that were removed are missed', async (t) => {
  const one = await audited(t)
  for (const name of ['a', 'b', 'c', 'd']) {
    await one.record(name)
    await one.anchor()
  }
  await one.record('names the newest anchor')
  const [first, second, third, last] = await files(one)
  await one.storage.remove(FOLDER + second)
  t.match(await one.problems(), /^anchor 2 is missing$/)
  await one.storage.remove(FOLDER + first)
  t.match(await one.problems(), /^the anchors before number 3 are missing$/)
  await one.storage.remove(FOLDER + last)
  t.match(await one.problems(), /anchors up to number 4 were written, and the newest that is there is 3/)
  await one.storage.remove(FOLDER + third)
  t.match(await one.problems(), /^anchors up to number 4 were written, and the newest that is there is none$/)

  await one.disk`update audit_anchors set newest = 0`
  t.match(await one.problems(), /up to number 4 were written/, 'the ends of the chains know it too')

  await one.disk`update audit_anchors set newest = 4`
  t.match(await one.anchor(), { number: 5, problems: [/up to number 4 were written/] })
  await one.record('later')
  t.match(await one.anchor(), { number: 6, problems: [/up to number 4 were written/] })
  t.match(await one.problems(), /up to number 4 were written/, 'a new anchor does not hide it')

  await acceptAnchors(one.anchoring, 'the disk was lost')
  t.equal(await one.problems(), '', 'an operator may accept it')
})

t.test('an anchor that was changed, or moved to another number, is seen', async (t) => {
  const one = await audited(t)
  await one.anchor()
  await one.record('changed')
  await one.anchor()
  const [first = '', second = ''] = await files(one)
  const read = async (name: string) => text(await one.storage.read(FOLDER + name, { start: 0, end: 1e9 }))
  const genuine = await read(second)
  const { anchor, mac } = JSON.parse(genuine)
  const forgeries = {
    'other content': { anchor: { ...anchor, heads: [] }, mac },
    'no authentication': { anchor },
    "another key's": { anchor, mac: new AuditKey(Buffer.alloc(32)).macOfAnchor('').toString('hex') },
  }
  for (const [name, forged] of Object.entries(forgeries)) {
    await one.storage.write(FOLDER + second, JSON.stringify(forged))
    t.match(await one.problems(), /anchor 2 was changed/, name)
  }
  await one.storage.write(FOLDER + second, 'not JSON')
  t.match(await one.problems(), /anchor 2 was changed/)
  await one.storage.write(FOLDER + second, await read(first))
  t.match(await one.problems(), /anchor 2 was changed/)
  await one.storage.write(FOLDER + second, genuine)
  t.equal(await one.problems(), '')
})

t.test('what the storage holds stays bounded, and is enough', async (t) => {
  const one = await audited(t)
  for (let number = 0; number < 80; number += 1) {
    await one.disk`update audit_heads set changed_at = now()`
    await acceptChain(one.anchoring, one.organizationId, 'only to have something to anchor')
  }
  const names = await files(one)
  t.ok(names.length <= 3 * 24, `${names.length} files`)
  t.match(names[0], /-whole/)
  t.equal(names.filter((name) => name.includes('whole')).length, 3)
  t.equal((await readBook(one.anchoring.store, one.anchoring.key)).newest, 80)
  t.equal(await one.problems(), '')
})

t.test('anchors also go to other targets, before the database knows of them', async (t) => {
  const one = await audited(t)
  const kept: string[] = []
  const failing = { keep: () => Promise.reject(new Error('out of reach')) }
  await t.rejects(makeAnchor({ ...one.anchoring, targets: [failing] }), { message: 'out of reach' })
  t.match((await one.disk`select newest from audit_anchors`)[0], { newest: '0' })
  await one.record('later')
  const keep = async (_: unknown, anchor: string) => {
    kept.push(anchor)
  }
  t.match(await makeAnchor({ ...one.anchoring, targets: [{ keep }] }), { number: 2 })
  t.match(JSON.parse(kept[0] ?? ''), { anchor: { number: 2 }, mac: /^[0-9a-f]{64}$/ })
  t.equal(await one.problems(), '')
})

t.test('two workers at once make anchors that fit', async (t) => {
  const one = await audited(t)
  await Promise.all([one.anchor(), one.anchor(), one.anchor()])
  await one.record('later')
  await Promise.all([one.anchor(), one.anchor()])
  t.equal(await one.problems(), '')
  t.match(await verifyExport(written(await one.exported()), one.anchoring.key), { problems: [] })
})
