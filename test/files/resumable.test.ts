import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { Upload } from 'tus-js-client'
import { LIMIT_BYTES } from '../../operations/files/take.ts'
import { testApp } from '../support/app.ts'
import { matroska } from '../support/files.ts'
import { type BegunInterview, beginInterview } from '../support/recordings.ts'
import { remainsOf } from '../support/stored-files.ts'

const recording = (kind: 'audio' | 'video' = 'audio') =>
  Buffer.concat([matroska({}, kind), randomBytes(300_000)])

async function setUp(t: Test) {
  const server = await testApp(t)
  const base = await server.listen()
  const tenant = await server.tenant()
  const endpoint = `${base}/api/embed/interview/uploads`
  const remains = remainsOf(t, server)
  const ask = (method: string, url: string, headers: Record<string, string>, body?: Buffer) =>
    fetch(url, {
      method,
      headers: { 'tus-resumable': '1.0.0', ...headers },
      ...(body ? { body: Uint8Array.from(body) } : {}),
    })
  /** Makes an upload by hand. @returns its URL */
  const make = async ({ session }: BegunInterview, length: number, questionId = 'audio') => {
    const answer = await ask('POST', endpoint, {
      ...session,
      'upload-length': String(length),
      'upload-metadata': `questionId ${Buffer.from(questionId).toString('base64')}`,
    })
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
    return new URL(answer.headers.get('location') ?? '', endpoint).href
  }
  const put = ({ session }: BegunInterview, url: string, offset: number, part: Buffer) =>
    ask(
      'PATCH',
      url,
      { ...session, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
      part,
    )
  const answersOf = async ({ interviewId }: BegunInterview) =>
    (await server.call('GET', `/api/interviews/${interviewId}`, { headers: tenant.auth })).body.answers
  return { server, tenant, endpoint, remains, ask, make, put, answersOf }
}

t.test('resumable uploads', async (t) => {
  const { server, tenant, endpoint, remains, ask, make, put, answersOf } = await setUp(t)
  const begin = () => beginInterview(server, tenant.auth)

  t.test('with tus-js-client: broken off, gone on with, the answer in the end', async (t) => {
    const begun = await begin()
    const content = recording()
    const options = {
      endpoint,
      headers: begun.session,
      metadata: { questionId: 'audio', filename: 'Antwort.webm' },
      chunkSize: 100_000,
      retryDelays: null,
    }
    const url = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(content, {
        ...options,
        onError: reject,
        onChunkComplete: () => {
          upload.abort().then(() => resolve(upload.url ?? ''), reject)
        },
      })
      upload.start()
    })
    const half = await ask('HEAD', url, begun.session)
    t.same([half.status, half.headers.get('upload-offset')], [200, '100000'])
    t.same(await answersOf(begun), [], 'half a recording is no answer')

    const offsets: number[] = []
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(content, {
        ...options,
        uploadUrl: url,
        onError: reject,
        onChunkComplete: (_size, accepted) => offsets.push(accepted),
        onSuccess: () => resolve(),
      })
      upload.start()
    })
    t.equal(offsets[0], 200_000, 'it went on where it was')
    const [answer] = await answersOf(begun)
    t.match(answer.file, { name: 'Antwort.webm', contentType: 'audio/webm', sizeBytes: content.length })
    t.ok(Buffer.from(await (await fetch(answer.file.url)).arrayBuffer()).equals(content))
    const asked = await ask('HEAD', url, begun.session)
    t.same(
      [asked.status, asked.headers.get('upload-offset')],
      [200, String(content.length)],
      'known as finished',
    )
    const left = await remains()
    t.same([left.bytes, left.rows], [left.answered, left.answered])
  })

  t.test('the content is looked at in the end', async (t) => {
    const begun = await begin()
    const before = await remains()
    for (const content of [recording('video'), Buffer.from('<script>alert(1)</script>')]) {
      const url = await make(begun, content.length)
      const answer = await put(begun, url, 0, content)
      t.equal(answer.status, 415)
      t.match(await answer.json(), { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } })
      t.equal((await ask('HEAD', url, begun.session)).status, 404)
    }
    t.same(await remains(), before)
    t.same(await answersOf(begun), [])
  })

  t.test('one request can create an upload and bring the whole file, or a part of it', async (t) => {
    const begun = await begin()
    const content = recording()
    const create = (part: Buffer) =>
      ask(
        'POST',
        endpoint,
        {
          ...begun.session,
          'content-type': 'application/offset+octet-stream',
          'upload-length': String(content.length),
          'upload-metadata': `questionId ${Buffer.from('audio').toString('base64')}`,
        },
        part,
      )
    const placeOf = ({ headers }: Response) => new URL(headers.get('location') ?? '', endpoint).href
    const whole = await create(content)
    t.same([whole.status, whole.headers.get('upload-offset')], [201, String(content.length)])
    t.match(await answersOf(begun), [{ file: { sizeBytes: content.length } }])
    const known = await ask('HEAD', placeOf(whole), begun.session)
    t.same([known.status, known.headers.get('upload-offset')], [200, String(content.length)])
    const part = await create(content.subarray(0, 1000))
    t.same([part.status, part.headers.get('upload-offset')], [201, '1000'])
    t.equal((await put(begun, placeOf(part), 1000, content.subarray(1000))).status, 204)
    const left = await remains()
    t.same([left.bytes, left.rows], [left.answered, left.answered])
  })

  t.test('what is wrong with a request', async (t) => {
    const begun = await begin()
    const before = await remains()
    const meta = (id: string) => ({ 'upload-metadata': `questionId ${Buffer.from(id).toString('base64')}` })
    const table: [string, Record<string, string>, number][] = [
      ['no question', { 'upload-length': '10' }, 400],
      ['a question that is none', { 'upload-length': '10', ...meta('../x') }, 400],
      ['another question', { 'upload-length': '10', ...meta('other') }, 404],
      ['a question that wants text', { 'upload-length': '10', ...meta('text') }, 400],
      ['too much', { 'upload-length': String(LIMIT_BYTES.audio + 1), ...meta('audio') }, 413],
      ['no length', meta('audio'), 400],
      ['nothing', { 'upload-length': '0', ...meta('audio') }, 400],
      ['less than nothing', { 'upload-length': '-1', ...meta('audio') }, 400],
      ['a part of several', { 'upload-length': '10', ...meta('audio'), 'upload-concat': 'partial' }, 400],
      ['several put together', { ...meta('audio'), 'upload-concat': 'final;/a /b' }, 400],
      ['an extension that is none', { ...meta('audio'), 'upload-concat': 'x' }, 400],
      ['a length later, twice', { 'upload-length': '10', 'upload-defer-length': '1', ...meta('audio') }, 400],
    ]
    for (const [name, headers, status] of table) {
      const answer = await ask('POST', endpoint, { ...begun.session, ...headers })
      t.equal(answer.status, status, name)
      t.type(((await answer.json()) as { error: { message: string } }).error.message, 'string')
    }
    const without = await fetch(endpoint, {
      method: 'POST',
      headers: { ...begun.session, 'upload-length': '10', ...meta('audio') },
    })
    t.same([without.status, without.headers.get('tus-version')], [412, '1.0.0'])
    t.same(await remains(), before)

    const url = await make(begun, 10)
    t.equal((await ask('PATCH', url, { ...begun.session, 'upload-offset': '0' })).status, 400, 'no type')
    const plain = { ...begun.session, 'upload-offset': '0', 'content-type': 'text/plain' }
    t.equal((await ask('PATCH', url, plain, Buffer.alloc(5))).status, 415, 'another type')
    t.equal((await put(begun, url, 5, Buffer.alloc(5))).status, 409, 'from another offset')
    t.equal((await put(begun, url, 0, Buffer.alloc(11))).status, 413, 'more than was said')
    t.equal((await ask('DELETE', url, begun.session)).status, 204)
    t.equal((await put(begun, url, 0, Buffer.alloc(5))).status, 404)
    t.same(await remains(), before)
    const proxied = { ...begun.session, 'x-forwarded-proto': 'https, http', 'upload-length': '10' }
    const made = await ask('POST', endpoint, { ...proxied, ...meta('audio') })
    t.equal(made.status, 201, 'what proxies add is not judged')
    const place = new URL(made.headers.get('location') ?? '', endpoint).href
    t.equal((await ask('DELETE', place, begun.session)).status, 204)
  })

  t.test('belong to their interview, one to a question', async (t) => {
    const begun = await begin()
    const first = await make(begun, 1000)
    await put(begun, first, 0, Buffer.alloc(100))
    const other = await begin()
    const stranger = await beginInterview(server, (await server.tenant()).auth)
    for (const { session } of [other, stranger]) {
      t.equal((await ask('HEAD', first, session)).status, 404)
      t.equal((await ask('DELETE', first, session)).status, 404)
    }
    t.equal((await ask('HEAD', first, {})).status, 401)
    t.equal((await ask('HEAD', first, tenant.auth)).status, 403)
    const second = await make(begun, 1000)
    t.equal((await ask('HEAD', first, begun.session)).status, 404, 'the newer one took its place')
    t.equal((await ask('DELETE', second, begun.session)).status, 204)
  })

  t.test('pages of listed origins may send them, and no others', async (t) => {
    const origin = 'https://careers.example'
    const other = await server.tenant()
    const patch = {
      headers: { authorization: `Bearer ${other.accessToken}` },
      body: { allowedOrigins: [origin] },
    }
    t.equal((await server.call('PATCH', '/api/organization', patch)).status, 200)
    const begun = await beginInterview(server, other.auth)
    const session = { ...begun.session, origin }
    const url = await make({ ...begun, session }, 10)
    for (const method of ['HEAD', 'PATCH', 'DELETE']) {
      const headers = { ...session, 'upload-offset': '9', 'content-type': 'application/offset+octet-stream' }
      const answer = await ask(method, url, headers, method === 'PATCH' ? Buffer.alloc(1) : undefined)
      t.equal(answer.headers.get('access-control-allow-origin'), origin, `${method} ${answer.status}`)
      t.match(answer.headers.get('access-control-expose-headers'), /Location.*Upload-Offset/)
      const elsewhere = await ask(method, url, { ...headers, origin: 'https://elsewhere.example' })
      t.equal(elsewhere.status, 403)
      t.equal(elsewhere.headers.get('access-control-allow-origin'), null)
    }
  })

  t.test('what was whole and not answered for yet, is when it is asked for', async (t) => {
    const begun = await begin()
    const content = recording()
    const url = await make(begun, content.length)
    t.equal((await put(begun, url, 0, content.subarray(0, 1000))).status, 204)
    // As a process leaves it that dies after the last byte.
    const id = url.split('/').at(-1) ?? ''
    const { appendFile } = await import('node:fs/promises')
    await appendFile(server.app.files.incoming.path(id), content.subarray(1000))
    const all = await Promise.all([1, 2, 3].map(() => ask('HEAD', url, begun.session)))
    t.same(
      all.map(({ status, headers }) => [status, headers.get('upload-offset')]),
      Array.from({ length: 3 }, () => [200, String(content.length)]),
    )
    t.match(await answersOf(begun), [{ questionId: 'audio', file: { sizeBytes: content.length } }])
  })

  t.test('are forgotten after a day', async (t) => {
    const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    const begun = await begin()
    const url = await make(begun, 1000)
    await put(begun, url, 0, Buffer.alloc(500))
    const { sweepFiles } = await import('../../operations/files/remove.ts')
    t.match(await sweepFiles(server.app.files), { uploads: 0, removed: 0, orphans: 0 })
    const [row] = await sql`
      select lease_until - now() between interval '23 hours' and interval '24 hours' as day from files where state = 'uploading'`
    t.equal(row?.day, true)
    await sql`update files set lease_until = now() - interval '1 second' where state = 'uploading'`
    t.match(await sweepFiles(server.app.files), { uploads: 1, removed: 1 })
    t.equal((await ask('HEAD', url, begun.session)).status, 404)
    const left = await remains()
    t.same([left.bytes, left.rows], [left.answered, left.answered])
  })
})
