import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { MOST_DOCUMENTS } from '../../operations/files/take.ts'
import { type Body, type Tenant, testApp } from '../support/app.ts'
import { makeCandidate } from '../support/candidates.ts'
import { docx, pdf, zip } from '../support/files.ts'
import { remainsOf } from '../support/stored-files.ts'
import { until } from '../support/until.ts'

async function setUp(t: Test) {
  const server = await testApp(t)
  const base = await server.listen()
  const remains = remainsOf(t, server)
  const tenant = await server.tenant()
  const candidateId = await makeCandidate(server, tenant)
  const send = async (files: Record<string, [Buffer | string, string?]>, options: SendOptions = {}) => {
    const form = new FormData()
    for (const [field, [content, name = 'cv.pdf']] of Object.entries(files)) {
      const key = field.replace(/\d+$/, '')
      if (typeof content === 'string') form.append(key, content)
      else form.append(key, new Blob([Uint8Array.from(content)], { type: 'text/html' }), name)
    }
    const to = options.candidateId ?? candidateId
    const response = await fetch(`${base}/api/candidates/${to}/files`, {
      method: 'POST',
      headers: { ...(options.tenant ?? tenant).auth, ...options.headers },
      body: form,
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
  }
  return { server, base, remains, tenant, candidateId, send }
}

interface SendOptions {
  candidateId?: string
  tenant?: Tenant
  headers?: Record<string, string>
}

t.test('documents of a candidate', async (t) => {
  const { server, base, remains, tenant, candidateId, send } = await setUp(t)
  const { call } = server

  t.test('are kept, listed, read and deleted', async (t) => {
    const content = pdf('of Ada')
    const { status, body: file } = await send({ file: [content, '../Lebenslauf Müller.pdf'] })
    t.equal(status, 201)
    t.match(file, {
      id: /^file_/,
      name: 'Lebenslauf Müller.pdf',
      contentType: 'application/pdf',
      sizeBytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      createdAt: /Z$/,
      url: new RegExp(`^${base}/api/files/file_.+/content\\?expires=\\d+&signature=`),
      urlExpiresAt: /Z$/,
    })
    t.same((await remains()).bytes, [file.id])
    const other = await send({ file: [docx(), 'b.docx'] })
    const first = await call('GET', `/api/candidates/${candidateId}/files?limit=1`, { headers: tenant.auth })
    t.same([first.body.files.length, first.body.files[0].id], [1, other.body.id], 'newest first')
    const next = await call('GET', `/api/candidates/${candidateId}/files?cursor=${first.body.nextCursor}`, {
      headers: tenant.auth,
    })
    t.same([next.body.files.map(({ id }: Body) => id), next.body.nextCursor], [[file.id], null])
    t.equal((await call('GET', `/api/files/${file.id}`, { headers: tenant.auth })).body.name, file.name)
    for (const { id } of [file, other.body]) {
      t.equal((await call('DELETE', `/api/files/${id}`, { headers: tenant.auth })).status, 204)
      t.equal((await call('DELETE', `/api/files/${id}`, { headers: tenant.auth })).status, 404)
    }
    t.same(await remains(), { bytes: [], rows: [], answered: [], removals: [] })
    t.equal((await fetch(file.url)).status, 404, 'the link leads to nothing any more')
  })

  t.test('the content, by its link', async (t) => {
    const content = Buffer.concat([pdf(), randomBytes(200_000)])
    const { body: file } = await send({ file: [content, 'Müller.pdf'] })
    const whole = await fetch(file.url)
    t.equal(whole.status, 200)
    t.ok(Buffer.from(await whole.arrayBuffer()).equals(content))
    t.match(Object.fromEntries(whole.headers), {
      'content-type': 'application/pdf',
      'content-length': String(content.length),
      'content-disposition': `attachment; filename="Muller.pdf"; filename*=UTF-8''M%C3%BCller.pdf`,
      'content-security-policy': /sandbox/,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
      'accept-ranges': 'bytes',
      'x-request-id': /^req_/,
    })
    const head = await fetch(file.url, { method: 'HEAD' })
    t.same([head.status, head.headers.get('content-length')], [200, String(content.length)])
    const etag = whole.headers.get('etag') ?? ''
    const part = await fetch(file.url, { headers: { range: 'bytes=100000-', 'if-range': etag } })
    t.same(
      [part.status, part.headers.get('content-range'), part.headers.get('content-length')],
      [206, `bytes 100000-${content.length - 1}/${content.length}`, String(content.length - 100_000)],
    )
    t.ok(Buffer.from(await part.arrayBuffer()).equals(content.subarray(100_000)))
    const stale = await fetch(file.url, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } })
    t.equal(stale.status, 200)
    await stale.body?.cancel()
    const beyond = await fetch(file.url, { headers: { range: `bytes=${content.length}-` } })
    t.same([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${content.length}`])
    t.equal(((await beyond.json()) as Body).error.code, 'RANGE_NOT_SATISFIABLE')
    const { body: another } = await send({ file: [pdf('another')] })
    for (const url of [
      file.url.replace(file.id, another.id),
      file.url.replace(file.id, `${file.id.slice(0, -1)}${file.id.endsWith('0') ? '1' : '0'}`),
      file.url.replace(/expires=\d+/, 'expires=99999999999'),
      file.url.replace(/expires=\d+/, 'expires=1'),
      file.url.replace(
        /signature=(.)/,
        (_: string, first: string) => `signature=${first === '_' ? 'A' : '_'}`,
      ),
      file.url.replace(/signature=.+$/, 'signature='),
    ]) {
      const refused = await fetch(url)
      t.equal(refused.status, 403, url)
      t.match(await refused.json(), { error: { code: 'FORBIDDEN', message: /^This link is not valid/ } })
    }
    t.equal((await fetch(file.url.replace(/\?.*/, ''))).status, 400)
  })

  t.test('what is refused leaves nothing', async (t) => {
    const before = await remains()
    const large = Buffer.concat([pdf(), Buffer.alloc(10 * 1024 * 1024)])
    const refusals: [string, Awaited<ReturnType<typeof send>>, number, RegExp][] = [
      ['another type', await send({ file: [Buffer.from('<script>'), 'cv.pdf'] }), 415, /PDF, DOC or DOCX/],
      ['a spreadsheet', await send({ file: [zip({ 'xl/workbook.xml': '' }), 'cv.docx'] }), 415, /not PDF/],
      ['an empty file', await send({ file: [Buffer.alloc(0)] }), 400, /empty/],
      ['too large', await send({ file: [large] }), 413, /at most 10 MiB/],
      ['no file', await send({}), 400, /required|multipart/],
      ['a text instead', await send({ file: ['%PDF-1.4'] }), 400, /must be a file/],
      ['two files', await send({ file1: [pdf()], file2: [pdf()] }), 400, /twice/],
      ['another field', await send({ file: [pdf()], note: ['x'] }), 400, /body.note is not a known field/],
      ['under another name', await send({ document: [pdf()] }), 400, /body.document is not/],
    ]
    for (const [name, { status, body }, expected, message] of refusals) {
      t.equal(status, expected, `${name}: ${JSON.stringify(body)}`)
      t.match(body.error.message, message, name)
    }
    const json = await call('POST', `/api/candidates/${candidateId}/files`, {
      headers: tenant.auth,
      body: {},
    })
    t.equal(json.status, 415)
    const bare = await call('POST', `/api/candidates/${candidateId}/files`, { headers: tenant.auth })
    t.equal(bare.status, 400)
    t.same(await remains(), before)
  })

  t.test('belong to their organization', async (t) => {
    const stranger = await server.tenant()
    const { body: file } = await send({ file: [pdf()] })
    t.equal((await send({ file: [pdf()] }, { tenant: stranger })).status, 404)
    for (const [method, url] of [
      ['GET', `/api/candidates/${candidateId}/files`],
      ['GET', `/api/files/${file.id}`],
      ['DELETE', `/api/files/${file.id}`],
    ] as const) {
      t.equal((await call(method, url, { headers: stranger.auth })).status, 404, `${method} ${url}`)
    }
    t.equal((await fetch(file.url)).status, 200)
  })

  t.test('an Idempotency-Key keeps one file', async (t) => {
    const before = await remains()
    const headers = { 'idempotency-key': 'once' }
    const [content, name] = [pdf('once'), 'once.pdf']
    const first = await send({ file: [content, name] }, { headers })
    const again = await send({ file: [content, name] }, { headers })
    t.same([first.status, again.status, again.body.id], [201, 201, first.body.id])
    t.equal(again.headers.get('idempotent-replayed'), 'true')
    t.equal((await send({ file: [pdf('twice'), name] }, { headers })).status, 422)
    const after = await remains()
    t.same(after.rows.length, before.rows.length + 1)
    t.same(after.bytes, after.rows)
  })

  t.test('are at most so many, also when they all come at once', async (t) => {
    const another = await makeCandidate(server, tenant)
    const all = await Promise.all(
      Array.from({ length: MOST_DOCUMENTS + 4 }, () => send({ file: [pdf()] }, { candidateId: another })),
    )
    const statuses = all.map(({ status }) => status).sort()
    t.same(
      statuses.map((status) => [201, 409].includes(status)),
      statuses.map(() => true),
    )
    t.equal(statuses.filter((status) => status === 201).length, MOST_DOCUMENTS)
  })

  t.test('an upload that breaks off leaves nothing', async (t) => {
    const before = await remains()
    const { port } = new URL(base)
    const begin = (length: string) =>
      [
        `POST /api/candidates/${candidateId}/files HTTP/1.1`,
        'host: x',
        `authorization: ${tenant.auth.authorization}`,
        'content-type: multipart/form-data; boundary=cut',
        length,
        '',
        '',
      ].join('\r\n')
    const part = '--cut\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(begin('content-length: 100000') + part + pdf().toString())
    await until(async () => (await remains()).bytes.length === before.bytes.length + 1, 'the first bytes')
    socket.destroy()
    await until(async () => isDeepStrictEqual(await remains(), before), 'nothing to be left of them')

    const whole = part + pdf().toString()
    const cut = connect(Number(port), '127.0.0.1')
    cut.write(`${begin(`content-length: ${Buffer.byteLength(whole)}`)}${whole}`)
    // An answer may come in pieces.
    let answer = ''
    cut.on('data', (piece) => {
      answer += piece
    })
    await until(() => answer.endsWith('}'), 'the answer')
    t.match(answer, /^HTTP\/1\.1 400 .*not whole multipart data/s, 'without its last boundary')
    cut.destroy()
    t.same(await remains(), before)
  })
})
