import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { createTestDatabase } from '../support/database.ts'

t.setTimeout(300_000)

t.test('the operator keeps, lists and removes the public keys of partners', async (t) => {
  const { url, drop } = await createTestDatabase()
  t.teardown(drop)
  const run = (...words: string[]) =>
    new Promise<{ code: number; out: string; error: string }>((resolve) => {
      const env = { ...process.env, DATABASE_URL: url }
      execFile(process.execPath, ['bin/anteroom.ts', 'leak-keys', ...words], { env }, (error, out, problem) =>
        resolve({ code: error ? Number(error.code) : 0, out, error: problem }),
      )
    })
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })
  const published = JSON.stringify({ public_keys: [{ key_identifier: 'partner', key, is_current: true }] })
  const folder = t.testdir({ 'keys.json': published, 'key.pem': String(key) })

  t.match(await run('add', join(folder, 'keys.json')), { code: 0, out: '1 added, 0 known before.\n' })
  const [pem, without] = await Promise.all([
    run('add', join(folder, 'key.pem'), '--identifier', 'second', '--json'),
    run('add', join(folder, 'key.pem')),
  ])
  t.match(pem, { code: 0, out: '{"added":["second"]}\n' })
  t.match(without, { code: 1, error: /--identifier/ })
  t.match(await run('remove', 'second'), { code: 0, out: 'second removed.\n' })
  const [listed, unknown] = await Promise.all([run('list', '--json'), run('remove', 'second')])
  t.match(JSON.parse(listed.out), { leakKeys: [{ keyIdentifier: 'partner' }] })
  t.match(unknown, { code: 1, error: /no key second is kept/ })
})
