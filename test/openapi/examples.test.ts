import t from 'tap'
import { type ApiDocument, type ApiOperation, operationsIn } from '../../schemas/openapi/document.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { sendForm } from '../support/bulk.ts'
import { makeOwner, type Owner } from '../support/owner.ts'

t.setTimeout(600_000)

/**
 * Operations whose example does not work as it stands, and why. Whoever gives an operation an example that does takes it
 * off this list: the test fails when it works already.
 */
const needsMore: Record<string, string> = {
  'secondFactor.remove': 'a second factor that is set up',
  'secondFactor.confirm': 'a code of the app',
  'me.cancelEmailChange': 'a change that is under way',
  'me.confirmEmail': 'a mailed token',
  'password.reset': 'a mailed token',
  'invitations.accept': 'a mailed token',
  'dashboard.acceptInvitation': 'a mailed token',
  'dashboard.signUp': 'an address that the other sign-up has not taken',
  'members.remove': 'a second member',
  'keys.finishRotation': 'a rotation that is under way',
  'keys.undoRotation': 'a rotation that is under way',
  reportLeakedKeys: 'the signature of a partner',
  'files.download': 'a signed link',
  'embed.createUpload': 'the headers of the tus protocol',
  'embed.appendUpload': 'an upload that is under way',
  'embed.deleteUpload': 'an upload that is under way',
  'dashboard.switch': "the dashboard's cookie",
}

/** The path and the query, with ids that the owner has in place of those of the document. */
function urlOf(path: string, { parameters = [] }: ApiOperation, { ids }: Owner): string {
  const query = new URLSearchParams()
  let url = path
  for (const { name = '', in: place, example } of parameters) {
    const [prefix = ''] = String(example).split('_')
    const value = ids[prefix] ?? String(example ?? 'text')
    if (place === 'path') url = url.replace(`{${name}}`, value)
    if (place === 'query' && example !== undefined) query.set(name, value)
  }
  return query.size > 0 ? `${url}?${query}` : url
}

/** An example with what belongs to the owner in the place of what belongs to the document's readers. */
function ofOwner(example: unknown, access: string, { ids, tenant, inviteToken }: Owner): unknown {
  const text = JSON.stringify(example ?? null)
    .replaceAll(/([a-z]+)_01jd8m3k5ve2pt7c9x4hw6qa0z/g, (id, prefix) => ids[prefix] ?? id)
    .replaceAll('inv_…', inviteToken)
    .replaceAll('rt_…', tenant.refreshToken)
  const body = JSON.parse(text, (name, value) =>
    /^(currentP|p)assword$/.test(name) ? tenant.password : value,
  )
  // A log-in names an account that exists, a sign-up one that does not.
  const logsIn = access === 'public' && Object.keys(body ?? {}).join() === 'email,password'
  return logsIn ? { ...body, email: tenant.email } : body
}

/** The example of a form, where it shows a file that can be sent. */
function formOf({ requestBody }: ApiOperation): Record<string, unknown> | null {
  const example = requestBody?.content['multipart/form-data']?.example as Record<string, unknown> | undefined
  return example && !String(example.file).startsWith('(') ? example : null
}

async function execute(server: TestApp, method: string, path: string, operation: ApiOperation) {
  const owner = await makeOwner(server)
  const access = operation['x-access'] ?? ''
  const headers = owner.credentialFor({ access } as Parameters<Owner['credentialFor']>[0])
  const form = formOf(operation)
  if (form) {
    const { file, ...fields } = Object.fromEntries(
      Object.entries(form).map(([name, value]) => [name, String(value)]),
    )
    return sendForm(server, urlOf(path, operation, owner), headers, file ?? '', fields)
  }
  const example = operation.requestBody?.content['application/json']?.example
  const body = ofOwner(example, access, owner)
  return server.call(method.toUpperCase() as 'GET', urlOf(path, operation, owner), {
    headers,
    ...(body === null ? {} : { body }),
  })
}

t.test('each request of the document works as it stands', async (t) => {
  const server = await testApp(t)
  const document = (await server.call('GET', '/openapi.json')).body as ApiDocument
  const failed: Record<string, string> = {}
  for (const { method, path, operation } of operationsIn(document)) {
    const { operationId = '', responses, requestBody } = operation
    if (responses['200']?.content?.['text/event-stream']) continue
    if (requestBody && !requestBody.content['application/json'] && !formOf(operation)) continue
    const { status, body } = await execute(server, method, path, operation)
    if (status < 400 && String(status) in responses) t.pass(`${operationId}: ${status}`)
    else failed[operationId] = `${status} ${body.error?.message}`
  }
  const unexpected = Object.entries(failed).filter(([id]) => !(id in needsMore))
  t.strictSame(Object.fromEntries(unexpected), {}, 'no example fails that is not on the list')
  t.strictSame(
    Object.keys(needsMore).filter((id) => !(id in failed)),
    [],
    'these work: take them off the list',
  )
})
