import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { generate } from 'otplib'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { TEST_KEY } from '../support/database.ts'

const run = promisify(execFile)

t.test('an operator ends the sessions of a user, and takes a lost second factor away', async (t) => {
  const { app, call, tenant, databaseUrl } = await testApp(t)
  const { email, password, accessToken, userId } = await tenant()
  const headers = { authorization: `Bearer ${accessToken}` }
  const begun = await call('POST', '/api/auth/totp', { headers })
  const code = await generate({ secret: begun.body.secret })
  t.equal((await call('POST', '/api/auth/totp/confirm', { headers, body: { code } })).status, 200)
  const anteroom = (...args: string[]) =>
    run(process.execPath, ['bin/anteroom.ts', 'accounts', 'end-sessions', ...args], {
      env: { ...process.env, DATABASE_URL: databaseUrl, ANTEROOM_ENV: 'sandbox', ENCRYPTION_KEY: TEST_KEY },
    })

  const { stdout } = await anteroom(email.toUpperCase(), '--json')
  t.match(JSON.parse(stdout), { userId, sessionsEnded: 1, secondFactorRemoved: false })
  const login = () => call('POST', '/api/auth/login', { body: { email, password } })
  t.equal((await login()).body.error.message, 'Second factor required')
  t.match((await anteroom(email, '--second-factor')).stdout, /second factor was taken away/)
  t.equal((await login()).status, 200)
  await t.rejects(anteroom('nobody@x.example'), { code: 1, stderr: /nobody here has the address/ })
  const rows =
    await app.database`select action, actor_type from audit_records where actor_type = 'operator' order by id`
  t.match(rows, [{ action: 'user.sessions_ended' }, { action: 'user.totp_removed' }])
})
