import t from 'tap'
import { testApp } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'
import { makeOwner } from '../support/owner.ts'

const parts = '--a\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nabc\r\n--a--\r\n'
const types = [
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=""',
  `multipart/form-data; boundary=${'x'.repeat(257)}`,
  `multipart/form-data; boundary="${'x'.repeat(7000)}"`,
  'multipart/form-data; boundary=a"b',
  "multipart/form-data; boundary*=utf-8''a",
  'multipart/form-data; charset=utf-7; boundary=other',
]

// A boundary of more than 256 characters made the parser throw: 500.
t.test('no boundary of a multipart body fails on our side', async (t) => {
  const server = await testApp(t)
  await server.app.ready()
  const owner = await makeOwner(server)
  const takesForms = new Set<string>()
  for (const operation of operationsOf(server.app).filter(({ method }) => method !== 'GET')) {
    for (const type of types) {
      const answer = await server.app.inject({
        method: operation.method,
        url: operation.url(owner.ids),
        headers: { ...owner.credentialFor(operation), 'content-type': type },
        payload: parts,
      })
      const { statusCode, body } = answer
      if (statusCode >= 500) t.fail(`${operation.name}, ${type.slice(0, 60)}: ${body}`)
      if (operation.method !== 'DELETE' && /a boundary of 1 to 256/.test(body)) takesForms.add(operation.name)
    }
  }
  t.same(
    [...takesForms].sort(),
    [
      'POST /api/campaigns/{id}/invites/bulk',
      'POST /api/candidates/{id}/files',
      'PUT /api/embed/interview/answers/{questionId}',
    ],
    'and each route that takes a form says what is wrong with it',
  )
})
