import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, unlink } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { auditFiles, sweepFiles } from '../../operations/files/remove.ts'
import { sampleTone } from '../../operations/files/sample-media.ts'
import { testApp } from '../support/app.ts'
import { TEST_KEY } from '../support/database.ts'
import { beginInterview } from '../support/recordings.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

t.test('a server that is killed while recordings arrive: the sweep leaves whole answers alone', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-kill-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  // The rows are made beside it, by a server of this process on the same database and folder.
  const desk = await testApp(t, { DATA_DIR: dataDir })
  const sql = postgres(desk.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const variables = {
    DATABASE_URL: desk.databaseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    ENCRYPTION_KEY: TEST_KEY,
  }
  const anteroom = async (...args: string[]) => {
    const env = { ...process.env, ...variables }
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', 'files', ...args], { env })
    return stdout
  }
  const tenant = await desk.tenant()
  const [done, ...cut] = await Promise.all([1, 2, 3, 4].map(() => beginInterview(desk, tenant.auth)))
  const server = await startServer(t, variables)

  const form = new FormData()
  form.append('file', new Blob([Uint8Array.from(sampleTone(1))]), 'whole.wav')
  const whole = await fetch(`${server.url}/api/embed/interview/answers/audio`, {
    method: 'PUT',
    headers: done?.session ?? {},
    body: form,
  })
  t.equal(whole.status, 200)
  for (const { session } of cut) {
    const sent = request(`${server.url}/api/embed/interview/answers/audio`, {
      method: 'PUT',
      headers: {
        ...session,
        'content-type': 'multipart/form-data; boundary=cut',
        'content-length': 10_000_000,
      },
    })
    sent.on('error', () => {})
    sent.write('--cut\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n')
    sent.write(sampleTone(10))
  }
  const arriving = async () => (await readdir(join(dataDir, 'files', 'incoming', 'sandbox'))).length
  await until(async () => (await arriving()) === cut.length, 'the uploads to begin')
  await server.end('SIGKILL')

  const idle = { uploads: 0, removed: 0, orphans: 0, missing: 0 }
  t.same(await sweepFiles(desk.app.files), idle, 'somebody might still be at work on them')
  t.equal(await arriving(), cut.length)
  await sql`update files set lease_until = now() where state = 'uploading'`
  t.same(JSON.parse(await anteroom('sweep', '--json')), { ...idle, uploads: 3, removed: 3 })
  t.equal(await arriving(), 0)
  t.same(await auditFiles(desk.app.files), idle)

  const rows = await sql`select files.id from files join answers on file_id = files.id`
  const folder = join(dataDir, 'files', 'sandbox', tenant.organizationId)
  t.same(
    await readdir(folder),
    rows.map(({ id }) => id),
    'the one answer, with its file',
  )
  t.equal((await sql`select from files`).length, 1)
  await unlink(join(folder, String(rows[0]?.id)))
  await t.rejects(anteroom('check'), {
    code: 1,
    stdout: /^0 uploads given up, 0 deleted files removed.*\n1 files have lost their bytes/,
  })
})
