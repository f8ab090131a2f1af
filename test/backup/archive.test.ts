import { createReadStream } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { readArchive, writeArchive } from '../../operations/backup/archive.ts'
import { kindOf } from '../../operations/backup/contents.ts'
import { archiveName, findArchive, openPlace } from '../../operations/backup/place.ts'
import { newRecoveryKey, readRecoveryKey } from '../../operations/backup/recovery-key.ts'

const big = Buffer.alloc(300_000, 'content of a file that takes more than one chunk ')

t.test('an archive gives back what was put in, to the recovery key alone', async (t) => {
  const { secret, recipient } = await newRecoveryKey()
  const path = join(t.testdir(), 'archive')
  const sizeBytes = await writeArchive(path, recipient, async (archive) => {
    await archive.add('one', 'first')
    await archive.addStream('two', big.length, halves(big))
    await archive.add('none', '')
  })
  t.equal(sizeBytes, (await stat(path)).size)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.notOk((await readFile(path)).includes('content of a file'), 'nothing is readable')

  const key = await readRecoveryKey(`# a comment\n${secret}\n`)
  t.equal(key.recipient, recipient)
  const read = async (from = path, with_ = key) => {
    const entries: [string, Buffer][] = []
    await readArchive(createReadStream(from), with_, async ({ name, content }) => {
      entries.push([name, await buffer(Readable.from(content))])
    })
    return entries
  }
  t.same(await read(), [
    ['one', Buffer.from('first')],
    ['two', big],
    ['none', Buffer.alloc(0)],
  ])
  const names: string[] = []
  await readArchive(createReadStream(path), key, async ({ name }) => {
    names.push(name)
  })
  t.same(names, ['one', 'two', 'none'], 'who wants no content need not read it')

  await t.rejects(read(path, await newRecoveryKey()), { message: /recovery key is not the one/ })
  const whole = await readFile(path)
  const changed = async (name: string, bytes: Buffer) => {
    const other = join(t.testdirName, name)
    await writeFile(other, bytes)
    return other
  }
  for (const at of [whole.length - 1, whole.length - 20_000, 1000]) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] as number) ^ 1
    await t.rejects(
      read(await changed('flipped', bytes)),
      { message: /damaged or truncated/ },
      `bit at ${at}`,
    )
  }
  for (const length of [whole.length - 1, whole.length - 70_000, 64 * 1024 * 2 + 216, 300]) {
    const cut = await changed('cut', whole.subarray(0, length))
    await t.rejects(read(cut), { message: /damaged or truncated/ }, `cut at ${length}`)
  }
  await t.rejects(read(await changed('longer', Buffer.concat([whole, Buffer.from('x')]))), {
    message: /damaged or truncated/,
  })
  for (const content of ['', 'no archive at all\n', whole.subarray(0, 30)])
    await t.rejects(read(await changed('none', Buffer.from(content))), { message: /no backup|damaged/ })
  await t.rejects(read(join(t.testdirName, 'missing')), { code: 'ENOENT' })
})

t.test('what goes wrong while an archive is written or read is told as it is', async (t) => {
  const { secret, recipient } = await newRecoveryKey()
  const folder = t.testdir()
  const key = await readRecoveryKey(secret)
  const failing = (message: string) => async () => {
    throw new Error(message)
  }
  await t.rejects(writeArchive(join(folder, 'a'), recipient, failing('the disk is on fire')), /on fire/)
  await t.rejects(
    writeArchive(join(folder, 'b'), recipient, (archive) => archive.addStream('one', 5, halves(big))),
    { message: /size/i },
  )
  await t.rejects(
    writeArchive(join(folder, 'c'), recipient, (archive) => archive.addStream('one', 5, broken())),
    /broke off/,
  )
  await writeArchive(join(folder, 'd'), recipient, (archive) => archive.add('one', big))
  await t.rejects(
    writeArchive(join(folder, 'd'), recipient, async () => {}),
    { code: 'EEXIST' },
  )
  await t.rejects(readArchive(createReadStream(join(folder, 'd')), key, failing('no room')), /no room/)
  await t.rejects(
    writeArchive(join(folder, 'e'), secret, async () => {}),
    /begins with age1/,
  )
  await t.rejects(
    writeArchive(join(folder, 'e'), 'age1nonsense', async () => {}),
    /must look like age1/,
  )
  await t.rejects(readRecoveryKey('nothing'), /no recovery key/)
})

t.test('the names of entries never lead out of their folders', (t) => {
  t.same(kindOf('files/sandbox/org_1/file_1'), { kind: 'file', key: 'sandbox/org_1/file_1' })
  t.same(kindOf('spool/0-a.12.log'), { kind: 'spool', file: '0-a.12.log' })
  t.same(kindOf('database/sandbox.keys/000001.copy.gz'), { kind: 'piece', table: 'sandbox.keys' })
  for (const name of ['files/../x', 'files/a/../../x', 'spool/../x.1.log', '/etc/passwd', 'files//x', 'x'])
    t.throws(() => kindOf(name), /does not know/, name)
  t.end()
})

t.test('a place lists the archives of an environment, and the newest is found', async (t) => {
  const folder = t.testdir()
  await t.rejects(findArchive(folder, 'sandbox'), /no backup of the sandbox environment/)
  await t.rejects(findArchive(join(folder, 'missing'), 'sandbox'), /There is no .*missing/)
  await t.rejects(openPlace('s3://'), { message: /^The place of the backups must/ })
  const place = await openPlace(folder)
  const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 9, 30, second))
  const put = (name: string) =>
    place.keep(name, async (path) => {
      await writeFile(path, name)
      return { sizeBytes: name.length, result: name }
    })
  const names = [1, 2, 3].map((second) => archiveName('sandbox', at(second)))
  t.equal(names[0], 'anteroom-sandbox-2026-01-31T093001Z.tar.age')
  for (const name of [...names.toReversed(), archiveName('production', at(9)), 'other']) await put(name)
  t.same(await place.list('sandbox'), names)
  const newest = await findArchive(folder, 'sandbox')
  t.equal((await buffer(await newest.open())).toString(), names[2])
  await place.remove(names[2] as string)
  t.same(await place.list('sandbox'), names.slice(0, 2))
  const named = await findArchive(join(folder, names[0] as string), 'production')
  t.equal((await buffer(await named.open())).toString(), names[0], 'a file is taken as it is')
})

async function* halves(bytes: Buffer) {
  yield bytes.subarray(0, bytes.length / 2)
  yield bytes.subarray(bytes.length / 2)
}

async function* broken() {
  yield Buffer.from('12')
  throw new Error('it broke off')
}
