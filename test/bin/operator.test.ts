import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { TEST_KEY } from '../support/database.ts'
import { mailingApp } from '../support/people.ts'

const run = promisify(execFile)

t.test('an operator lists, rotates and revokes the keys of an organization', async (t) => {
  const { app, call, tenant, databaseUrl } = await testApp(t)
  const { organizationId, keyId, auth } = await tenant()
  const other = await tenant()
  const anteroom = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', ...args], {
      env: { ...process.env, DATABASE_URL: databaseUrl, ENCRYPTION_KEY: TEST_KEY, KEY_BCRYPT_COST: '4' },
    })
    return stdout
  }

  const listed = await anteroom('keys', 'list', organizationId)
  t.match(listed, new RegExp(`${keyId}  active`))
  t.notMatch(listed, other.keyId, 'no key of another organization')

  t.equal((await call('GET', '/api/whoami', { headers: auth })).status, 200)
  const rotated = JSON.parse(await anteroom('keys', 'rotate', keyId, '--grace-hours', '1', '--json'))
  const young = { authorization: `Bearer ${rotated.key}` }
  t.equal((await call('GET', '/api/whoami', { headers: young })).status, 200)
  t.match(await call('GET', '/api/whoami', { headers: auth }), { status: 200, headers: { deprecation: /./ } })

  const revoked = JSON.parse(await anteroom('keys', 'revoke', rotated.id, '--reason', 'A drill', '--json'))
  t.match(revoked, { id: rotated.id, status: 'revoked' })
  t.equal(
    (await call('GET', '/api/whoami', { headers: young })).status,
    401,
    'at once, in the running server',
  )
  const heard = revoked.receipt.replicas.filter(
    ({ acknowledgedAt }: { acknowledgedAt: string | null }) => acknowledgedAt !== null,
  )
  t.equal(heard.length, 2, 'the server acknowledged it, and the command itself')

  const records = await app.database`
    select action, actor_type, user_id, ip from audit_records
    where organization_id = ${organizationId} and actor_type = 'operator' order by id`
  t.same(
    records.map(({ action, userId, ip }) => ({ action, userId, ip })),
    ['key.created', 'key.rotated', 'key.revoked'].map((action) => ({ action, userId: null, ip: null })),
  )
  const [event] = await app.database`select from events where type = 'key.revoked'`
  t.ok(event, 'webhooks hear of it')

  const refused = (stderr: RegExp, ...words: string[]) =>
    t.rejects(anteroom('keys', ...words), { code: 1, stderr })
  await refused(/Key not found/, 'revoke', newId('key'))
  await refused(/Key not found/, 'revoke', 'nonsense')
  await refused(/Organization not found/, 'list', newId('org'))
  await refused(/graceHours must be/, 'rotate', keyId, '--grace-hours', 'many')
  await refused(/retiring|rotat/, 'rotate', keyId)
})

t.test('an operator lists and removes members, but never the last owner', async (t) => {
  const { call, tenant, join, databaseUrl } = await mailingApp(t)
  const owner = await tenant()
  const member = await join(owner, 'member')
  const anteroom = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', 'members', ...args], {
      env: { ...process.env, DATABASE_URL: databaseUrl, ENCRYPTION_KEY: TEST_KEY },
    })
    return stdout
  }
  const { organizationId } = owner
  const listed = await anteroom('list', organizationId)
  t.match(listed, new RegExp(`${owner.userId}  owner   ${owner.email}`))
  t.match(listed, new RegExp(`${member.userId}  member  ${member.email}`))

  await anteroom('remove', organizationId, member.email.toUpperCase())
  t.equal((await call('GET', '/api/whoami', { headers: member.auth })).status, 401, 'at once')
  const refused = (stderr: RegExp, email: string) =>
    t.rejects(anteroom('remove', organizationId, email), { code: 1, stderr })
  await refused(/Member not found/, member.email)
  await refused(/Member not found/, 'nobody@people.example')
  await refused(/owner/, owner.email)
})

t.test('an operator creates users and resets passwords without e-mail', async (t) => {
  const { app, call, tenant, databaseUrl } = await testApp(t)
  const { organizationId } = await tenant()
  const anteroom = async (...args: string[]) => {
    const variables = { DATABASE_URL: databaseUrl, ENCRYPTION_KEY: TEST_KEY, PASSWORD_BCRYPT_COST: '4' }
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', 'users', ...args], {
      env: { ...process.env, ...variables },
    })
    return stdout
  }
  const order = ['--organization', organizationId, '--name', 'Grace']
  const created = JSON.parse(
    await anteroom('create', 'Grace@made.example', ...order, '--role', 'admin', '--json'),
  )
  const login = (password: string) =>
    call('POST', '/api/auth/login', { body: { email: 'grace@made.example', password } })
  const first = await login(created.password)
  t.match(first, { status: 200, body: { user: { role: 'admin' }, organization: { id: organizationId } } })

  const reset = JSON.parse(await anteroom('reset-password', 'grace@made.example', '--json'))
  t.not(reset.password, created.password)
  const headers = { authorization: `Bearer ${first.body.accessToken}` }
  t.equal((await call('GET', '/api/whoami', { headers })).status, 401, 'her sessions have ended')
  t.equal((await login(created.password)).status, 401)
  t.equal((await login(reset.password)).status, 200)

  const refused = (stderr: RegExp, ...words: string[]) => t.rejects(anteroom(...words), { code: 1, stderr })
  await refused(/exists already/, 'create', 'grace@made.example', ...order)
  await refused(/no e-mail address/, 'create', 'grace', ...order)
  await refused(
    /visible character/,
    'create',
    'x@made.example',
    '--organization',
    organizationId,
    '--name',
    ' ',
  )
  await refused(
    /Organization not found/,
    'create',
    'x@made.example',
    '--organization',
    newId('org'),
    '--name',
    'X',
  )
  await refused(/Allowed choices/, 'create', 'x@made.example', ...order, '--role', 'king')
  await refused(/User not found/, 'reset-password', 'nobody@made.example')
  const records = await app.database`
    select action from audit_records where organization_id = ${organizationId} and actor_type = 'operator' order by id`
  t.same(
    records.map(({ action }) => action),
    ['member.joined', 'user.password_changed'],
  )
})
