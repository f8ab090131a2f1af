import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

t.test('the operator makes organizations and sets their plans, also beside a running server', async (t) => {
  const { call, tenant, databaseUrl, app } = await testApp(t)
  const anteroom = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', ...args], {
      env: { ...process.env, DATABASE_URL: databaseUrl, PASSWORD_BCRYPT_COST: '4' },
    })
    return stdout
  }
  const { organizationId, auth } = await tenant()
  t.equal((await call('GET', '/api/whoami', { headers: auth })).body.organization.plan, 'free')
  const changed = await anteroom('organizations', 'set-plan', organizationId, 'team', '--json')
  t.match(JSON.parse(changed), { id: organizationId, plan: 'team' })
  const planOf = async () => (await call('GET', '/api/whoami', { headers: auth })).body.organization.plan
  await until(async () => (await planOf()) !== 'free', 'the running server to hear of it')
  t.equal(await planOf(), 'team')

  const owner = ['--owner-email', 'Owner@Made.example', '--owner-name', 'Owner']
  const made = JSON.parse(
    await anteroom('organizations', 'create', 'Made', ...owner, '--plan', 'enterprise', '--json'),
  )
  const login = await call('POST', '/api/auth/login', {
    body: { email: 'owner@made.example', password: made.password },
  })
  t.match(login, { status: 200, body: { organization: { id: made.organizationId, plan: 'enterprise' } } })
  t.match(
    await anteroom('organizations', 'list'),
    new RegExp(`${made.organizationId} +enterprise +1 members +Made`),
  )

  const refused = async (stderr: RegExp, ...words: string[]) =>
    t.rejects(anteroom('organizations', ...words), { code: 1, stderr })
  await refused(/visible character/, 'create', '\u202eMade', ...owner)
  await Promise.all([
    refused(/exists already/, 'create', 'Again', ...owner),
    refused(/free, team/, 'set-plan', organizationId, 'gold'),
    refused(/not found/, 'set-plan', newId('org'), 'team'),
    refused(/no e-mail address/, 'create', 'X', '--owner-email', 'no', '--owner-name', 'X'),
  ])
  const records = await app.database`
    select action from audit_records where actor_type = 'operator' order by action`
  t.same(
    records.map(({ action }) => action),
    ['organization.created', 'organization.plan_changed'],
  )
})
