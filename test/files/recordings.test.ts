import t, { type Test } from 'tap'
import { sampleTone } from '../../operations/files/sample-media.ts'
import { type Body, testApp } from '../support/app.ts'
import { matroska, pdf } from '../support/files.ts'
import { beginInterview } from '../support/recordings.ts'
import { remainsOf } from '../support/stored-files.ts'

async function setUp(t: Test) {
  const server = await testApp(t)
  const base = await server.listen()
  const remains = remainsOf(t, server)
  const tenant = await server.tenant()
  const answer = async (session: Record<string, string>, questionId: string, content: Buffer) => {
    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(content)]), 'answer.webm')
    const response = await fetch(`${base}/api/embed/interview/answers/${questionId}`, {
      method: 'PUT',
      headers: session,
      body: form,
    })
    return { status: response.status, body: (await response.json()) as Body }
  }
  return { server, base, remains, tenant, answer }
}

t.test('recorded answers', async (t) => {
  const { server, remains, tenant, answer } = await setUp(t)
  const { call } = server
  const { interviewId, candidateId, session } = await beginInterview(server, tenant.auth)
  const read = () => call('GET', `/api/interviews/${interviewId}`, { headers: tenant.auth })

  t.test('are kept with their answer, and downloaded by the organization', async (t) => {
    const tone = sampleTone(0.5)
    const { status, body } = await answer(session, 'audio', tone)
    t.equal(status, 200, JSON.stringify(body))
    t.match(body.answers, [{ questionId: 'audio', file: { contentType: 'audio/wav', name: 'answer.webm' } }])
    const { body: seen } = await read()
    const { file } = seen.answers[0]
    t.match(file, { id: /^file_/, sizeBytes: tone.length, sha256: /^[0-9a-f]{64}$/, urlExpiresAt: /Z$/ })
    const content = await fetch(file.url)
    t.same([content.status, content.headers.get('content-type')], [200, 'audio/wav'])
    t.ok(Buffer.from(await content.arrayBuffer()).equals(tone))
    const listed = await call('GET', `/api/candidates/${candidateId}/files`, { headers: tenant.auth })
    t.same(listed.body.files, [], 'a recording is no document')
    t.equal((await call('DELETE', `/api/files/${file.id}`, { headers: tenant.auth })).status, 409)
    const alone = await call('GET', `/api/files/${file.id}`, { headers: tenant.auth })
    t.same([alone.status, alone.body.createdAt], [200, file.createdAt], 'at one time, wherever it is told of')
    const key = await call('POST', '/api/keys', {
      headers: tenant.auth,
      body: { name: 'Candidates alone', scopes: ['candidates:read'] },
    })
    const limited = { headers: { authorization: `Bearer ${key.body.key}` } }
    t.match(await call('GET', `/api/files/${file.id}`, limited), {
      status: 403,
      body: { error: { details: [{ message: 'needs the scope interviews:read' }] } },
    })
    await server.app.accessLog.flush()
    const log = await call('GET', `/api/logs?path=/api/files/${file.id}/content`, { headers: tenant.auth })
    t.match(log.body.logs, [{ status: 200, credentialType: null }], 'who fetched it is in the log')
  })

  t.test('take the place of the one before, whose bytes go', async (t) => {
    const { body: before } = await read()
    t.equal((await answer(session, 'audio', matroska({}, 'audio'))).status, 200)
    const { body: after } = await read()
    t.not(after.answers[0].file.id, before.answers[0].file.id)
    t.equal((await fetch(before.answers[0].file.url)).status, 404)
    const left = await remains()
    t.same([left.bytes, left.rows], [left.answered, left.answered])
    const both = await Promise.all([1, 2, 3].map((n) => answer(session, 'audio', sampleTone(n / 10))))
    t.same(
      both.map(({ status }) => status),
      [200, 200, 200],
      'three at once',
    )
    const one = await remains()
    t.equal(one.answered.length, 1)
    t.same([one.bytes, one.rows], [one.answered, one.answered])
  })

  t.test('are of the kind that the question asks for, by their content', async (t) => {
    const before = await remains()
    t.equal((await answer(session, 'audio', matroska({}, 'video'))).status, 415)
    t.equal((await answer(session, 'video', matroska({}, 'audio'))).status, 415)
    t.equal((await answer(session, 'video', pdf())).status, 415)
    t.equal((await answer(session, 'text', sampleTone(0.1))).status, 400)
    t.equal((await answer(session, 'nothing', sampleTone(0.1))).status, 404)
    t.equal(
      (await answer({ authorization: tenant.auth.authorization ?? '' }, 'audio', sampleTone(0.1))).status,
      403,
    )
    t.same(await remains(), before)
    t.equal((await answer(session, 'video', matroska({}, 'video', 'audio'))).status, 200)
  })

  t.test('are taken until the interview is completed, and no later', async (t) => {
    const done = await call('POST', '/api/embed/interview/complete', { headers: session })
    t.equal(done.status, 200)
    const before = await remains()
    t.equal((await answer(session, 'audio', sampleTone(0.1))).status, 409)
    t.same(await remains(), before)
  })

  t.test('go with their organization', async (t) => {
    const other = await server.tenant()
    const begun = await beginInterview(server, other.auth)
    t.equal((await answer(begun.session, 'audio', sampleTone(0.1))).status, 200)
    const gone = await call('DELETE', '/api/me', {
      headers: { authorization: `Bearer ${other.accessToken}` },
      body: { password: other.password, eraseOrganizations: true },
    })
    t.equal(gone.status, 204)
    const left = await remains()
    t.same([left.bytes, left.rows], [left.answered, left.answered], 'bytes and rows of the others alone')
  })
})
