import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Body, testApp } from '../support/app.ts'
import { openBucket } from '../support/bucket.ts'
import { makeCandidate } from '../support/candidates.ts'
import { mountDisk, withoutDisk } from '../support/disk.ts'
import { matroska, pdf } from '../support/files.ts'
import { beginInterview } from '../support/recordings.ts'
import { startServer } from '../support/server-process.ts'
import { remainsOf } from '../support/stored-files.ts'
import { until } from '../support/until.ts'

const UNAVAILABLE = { status: 503, reason: 'storage_unavailable' }

/** What sends files, in each of the ways there are, to a server at `base`. */
async function sender(desk: Awaited<ReturnType<typeof testApp>>, base: string) {
  const tenant = await desk.tenant()
  const candidateId = await makeCandidate(desk, tenant)
  const { session } = await beginInterview(desk, tenant.auth)
  const answerOf = async (response: Response) => {
    const text = await response.text()
    const { error, ...file } = (text === '' ? {} : JSON.parse(text)) as Body
    const { status, headers } = response
    if (status === 503) t.ok(Number(headers.get('retry-after')) > 0, 'it says when to try again')
    return { status, reason: error?.reason, file, location: headers.get('location') }
  }
  const form = (content: Buffer) => {
    const data = new FormData()
    data.append('file', new Blob([Uint8Array.from(content)]), 'file')
    return data
  }
  const resume = { 'tus-resumable': '1.0.0', ...session }
  return {
    tenant,
    document: (content = pdf()) =>
      fetch(`${base}/api/candidates/${candidateId}/files`, {
        method: 'POST',
        headers: tenant.auth,
        body: form(content),
      }).then(answerOf),
    recording: (content = matroska({}, 'audio')) =>
      fetch(`${base}/api/embed/interview/answers/audio`, {
        method: 'PUT',
        headers: session,
        body: form(content),
      }).then(answerOf),
    begin: (length: number) =>
      fetch(`${base}/api/embed/interview/uploads`, {
        method: 'POST',
        headers: {
          ...resume,
          'upload-length': String(length),
          'upload-metadata': `questionId ${Buffer.from('audio').toString('base64')}`,
        },
      }).then(answerOf),
    part: (location: string, content: Buffer) =>
      fetch(new URL(location, base), {
        method: 'PATCH',
        headers: { ...resume, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
        body: Uint8Array.from(content),
      }).then(answerOf),
  }
}

t.test('a folder that is full, read-only or gone', { skip: withoutDisk() }, async (t) => {
  const disk = mountDisk(t, 2)
  const variables = { STORAGE_URL: `file:${join(disk.path, 'files')}`, LOG_LEVEL: 'error' }
  const desk = await testApp(t, { ...variables, LOG_LEVEL: 'silent' })
  const remains = remainsOf(t, desk)
  const files = async () => (await desk.app.database`select id from files`).map(({ id }) => id)
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-outage-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const server = await startServer(t, { ...variables, DATABASE_URL: desk.databaseUrl, DATA_DIR: dataDir })
  const send = await sender(desk, server.url)
  const said = server.output().length
  const lines = () => server.output().slice(said).trim().split('\n').filter(Boolean)
  let told = 0
  /** Every way of sending is refused alike, with one line each that has no stack, and leaves nothing. */
  const refusesAll = async (t: Test, what: string, size: number, code: RegExp) => {
    const before = await files()
    const begun = await send.begin(size)
    if (begun.status !== 201) t.match(begun, UNAVAILABLE, `${what}: to begin an upload in parts`)
    else {
      const content = Buffer.concat([matroska({}, 'audio'), Buffer.alloc(size)]).subarray(0, size)
      t.match(await send.part(begun.location ?? '', content), UNAVAILABLE, `${what}: a part`)
    }
    t.match(
      await send.document(Buffer.concat([pdf(), Buffer.alloc(size)])),
      UNAVAILABLE,
      `${what}: a document`,
    )
    t.match(
      await send.recording(Buffer.concat([matroska({}, 'audio'), Buffer.alloc(size)])),
      UNAVAILABLE,
      `${what}: a recording`,
    )
    told += 3
    // A line may come a moment after its answer: the server's output is read through a pipe.
    await until(() => lines().length >= told, 'a line for each')
    t.equal(
      lines().length,
      told,
      `${what}: one line each: ${lines()
        .slice(told - 3)
        .join('\n')}`,
    )
    for (const line of lines().slice(-3)) {
      t.match(line, code)
      t.notMatch(line, /\bat \S+:\d+|"stack"/)
    }
    t.equal(
      (await files()).length,
      before.length + (begun.status === 201 ? 1 : 0),
      `${what}: no file is left`,
    )
  }

  const { status, file } = await send.document()
  t.equal(status, 201)
  disk.readonly(true)
  await refusesAll(t, 'read-only', 1000, /EROFS/)
  const read = await fetch(file.url.replace(/^https?:\/\/[^/]+/, server.url))
  t.equal(read.status, 200, 'what is there can still be read')
  await read.arrayBuffer()
  disk.readonly(false)
  t.equal((await send.document()).status, 201, 'and files are taken again')

  await writeFile(join(disk.path, 'ballast'), Buffer.alloc(1_700_000))
  await refusesAll(t, 'full', 1_000_000, /ENOSPC/)
  const arriving = await readdir(join(disk.path, 'files/incoming/sandbox'))
  t.ok(arriving.length <= 2, `the upload in parts can be gone on with, nothing else is there: ${arriving}`)
  await rm(join(disk.path, 'ballast'))
  t.equal((await send.document()).status, 201)
  const { bytes, rows, answered } = await remains()
  t.same(
    [bytes.length, rows.length, answered],
    [5, 4, []],
    'three documents, and the upload in parts with its notes',
  )

  await rm(join(disk.path, 'files'), { recursive: true })
  await writeFile(join(disk.path, 'files'), 'no folder')
  await refusesAll(t, 'gone', 1000, /EEXIST|ENOTDIR/)
  t.equal((await fetch(`${server.url}/readyz`)).status, 200, 'everything else works')
})

t.test('a server starts without its storage, and not without its data folder', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'anteroom-outage-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  await writeFile(join(home, 'file'), '')
  const server = await testApp(t, { STORAGE_URL: `file:${join(home, 'file/files')}` })
  const send = await sender(server, await server.listen())
  t.match(await send.document(), UNAVAILABLE)
  await rm(join(home, 'file'))
  t.equal((await send.document()).status, 201, 'the folder is made as soon as it can be')

  await writeFile(join(home, 'data'), '')
  const variables = { DATABASE_URL: server.databaseUrl, DATA_DIR: join(home, 'data') }
  await t.rejects(startServer(t, variables), {
    message: /listened: DATA_DIR \S+ can't be written to: it is a file\n$/,
  })
  // Root may write everywhere.
  if (process.geteuid?.() === 0) return
  await rm(join(home, 'data'))
  await chmod(home, 0o500)
  await t.rejects(startServer(t, variables), /DATA_DIR \S+ can't be written to: it belongs to another user/)
  await chmod(home, 0o700)
})

t.test('a bucket that answers 500, 403 or nothing, or is out of reach', async (t) => {
  const bucket = await openBucket(t)
  const server = await testApp(t, { STORAGE_URL: bucket.url })
  const send = await sender(server, await server.listen())
  const { file } = await send.document()
  const count = async () =>
    (await server.app.database`select count(*)::int as files from files`)[0] as { files: number }
  const before = await count()
  for (const fault of [500, 503, 403, 'silence', 'reset'] as const) {
    bucket.fault = fault
    const [document, recording, read] = await Promise.all([
      send.document(),
      send.recording(),
      fetch(file.url),
    ])
    t.match(document, UNAVAILABLE, `${fault}: a document`)
    t.match(recording, UNAVAILABLE, `${fault}: a recording`)
    t.equal(read.status, 503, `${fault}: reading`)
    await read.arrayBuffer()
    t.same(await count(), before, `${fault}: no file is left`)
  }
  bucket.fault = null
  t.equal((await send.document()).status, 201, 'and files are taken again')
  t.equal(bucket.objects.size, 2, 'nothing half-stored is there')

  // Nobody listens on a port that has just been given back.
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => closed.once('listening', resolve))
  const { port } = closed.address() as { port: number }
  await new Promise((resolve) => closed.close(resolve))
  const url = bucket.url.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`)
  const alone = await testApp(t, { STORAGE_URL: url })
  t.match(await (await sender(alone, await alone.listen())).document(), UNAVAILABLE)
})

t.test(
  'a storage that fails in the middle of a file breaks the answer off, with a line in the log',
  async (t) => {
    const bucket = await openBucket(t)
    const variables = { STORAGE_URL: bucket.url, LOG_LEVEL: 'error' }
    const desk = await testApp(t, { ...variables, LOG_LEVEL: 'silent' })
    const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-outage-'))
    t.teardown(() => rm(dataDir, { recursive: true, force: true }))
    const server = await startServer(t, { ...variables, DATABASE_URL: desk.databaseUrl, DATA_DIR: dataDir })
    const send = await sender(desk, server.url)
    const said = server.output().length
    const lines = () => server.output().slice(said).trim().split('\n').filter(Boolean)
    const content = Buffer.concat([pdf(), Buffer.alloc(1_000_000)])
    const { file } = await send.document(content)
    const [key = ''] = bucket.objects.keys()
    const read = async () => {
      const response = await fetch(file.url.replace(/^https?:\/\/[^/]+/, server.url))
      t.equal(response.status, 200, 'the answer had begun')
      return { id: response.headers.get('x-request-id') ?? '', body: response.arrayBuffer() }
    }

    await (await read()).body
    const gone = new AbortController()
    const left = await fetch(file.url.replace(/^https?:\/\/[^/]+/, server.url), { signal: gone.signal })
    gone.abort()
    await t.rejects(left.arrayBuffer())
    const faults = {
      'the connection to it ends': () => {
        bucket.fault = 'half'
      },
      'the file has lost its end': () => {
        bucket.fault = null
        bucket.objects.set(key, content.subarray(0, 600_000))
      },
    }
    for (const [index, [what, fail]] of Object.entries(faults).entries()) {
      fail()
      const { id, body } = await read()
      await t.rejects(body, `${what}: nobody takes it for whole`)
      await until(() => lines().length > index, 'a line in the log')
      const line = lines().at(-1) ?? ''
      t.match(line, id, 'the line names the request')
      t.match(line, /storage_unavailable/)
      t.notMatch(line, /\bat \S+:\d+|"stack"/)
    }
    t.equal(lines().length, 2, 'and nothing else is in the log')
  },
)
