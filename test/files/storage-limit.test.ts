import t from 'tap'
import { type Body, testApp } from '../support/app.ts'
import { makeCandidate } from '../support/candidates.ts'
import { pdf } from '../support/files.ts'

const SIZE = 10_000
const LIMIT = 3 * SIZE + 500

function document(): Buffer {
  const start = pdf()
  return Buffer.concat([start, Buffer.alloc(SIZE - start.length, '%')])
}

t.test('the files of an organization have a limit in bytes', async (t) => {
  const server = await testApp(t, { STORAGE_PER_ORGANIZATION: String(LIMIT) })
  const base = await server.listen()
  const tenant = await server.tenant()
  const neighbour = await server.tenant()
  const upload = async (of = tenant): Promise<{ status: number; body: Body }> => {
    const candidateId = await makeCandidate(server, of)
    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(document())]), 'cv.pdf')
    const init = { method: 'POST', headers: of.auth, body: form }
    const response = await fetch(`${base}/api/candidates/${candidateId}/files`, init)
    return { status: response.status, body: (await response.json()) as Body }
  }
  const settings = async () =>
    (await server.call('GET', '/api/organization', { headers: tenant.auth })).body as Body

  t.match(await settings(), { limits: { storageBytes: LIMIT }, usage: { storageBytes: 0 } })

  // All at once: each of them fits, five together do not.
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => upload()))
  t.equal(answers.filter(({ status }) => status === 201).length, 3)
  const refused = answers.filter(({ status }) => status === 403)
  t.equal(refused.length, 2)
  for (const { body } of refused) {
    t.match(body.error, { code: 'FORBIDDEN', reason: 'storage_limit', message: new RegExp(String(LIMIT)) })
  }
  t.equal((await settings()).usage.storageBytes, 3 * SIZE)
  t.equal((await upload(neighbour)).status, 201, 'another organization has its own')

  const first = answers.find(({ status }) => status === 201)
  t.equal((await server.call('DELETE', `/api/files/${first?.body.id}`, { headers: tenant.auth })).status, 204)
  t.equal((await settings()).usage.storageBytes, 2 * SIZE)
  t.equal((await upload()).status, 201, 'there is room again')
})

t.test('without a configured limit the plan says it', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const { body } = await call('GET', '/api/organization', { headers: auth })
  t.equal(body.limits.storageBytes, 5 * 1024 ** 3)
})
