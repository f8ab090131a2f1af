import fc from 'fast-check'
import t from 'tap'
import { passwordProblem } from '../../credentials/password-rules.ts'
import { testApp } from '../support/app.ts'

const words = ['ada.lovelace@acme.example', 'Ada Lovelace', 'Acme Industries']

t.test('common and breached passwords are refused, with ornaments too', async (t) => {
  for (const password of [
    'password',
    'PASSWORD',
    'Password1',
    'qwertyuiop',
    'iloveyou!!',
    'trustno1!',
    '12345678',
  ]) {
    t.match(await passwordProblem(password, []), /common and breached/, password)
  }
  for (const password of ['aaaaaaaaaaaa', 'abababababab'])
    t.match(await passwordProblem(password, []), /repeat/, password)
})

t.test('what consists of the account’s own words is refused', async (t) => {
  for (const password of [
    'Acme2026!',
    'adalovelace',
    'lovelace-1815',
    'ACME industries',
    'anteroom1',
    'ada.lovelace@acme.example',
  ]) {
    t.match(await passwordProblem(password, words), /must not consist of/, password)
  }
})

t.test('there are no rules of composition', async (t) => {
  for (const password of [
    'correct horse battery staple',
    'tausend kleine Schritte',
    '漢字漢字仮名交じり文',
    'зимний вечер в городе',
    '🦉🦊🦔🐝🦋🐢🐙🦜',
    'jxqkvbwz',
    '  blanks count too  ',
  ]) {
    t.equal(await passwordProblem(password, words), null, password)
  }
})

t.test('length counts in characters: 8 to 256', async (t) => {
  t.match(await passwordProblem('🦉🦊🦔🐝🦋🐢🐙', []), /at least 8/)
  t.equal(await passwordProblem(`${'xy z'.repeat(64)}`, []), null)
  t.match(await passwordProblem(`${'xy z'.repeat(64)}!`, []), /at most 256/)
})

t.test('a random password of 16 characters is never refused', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.stringMatching(/^[0-9A-Za-z]{16}$/), async (password) => {
      if (new Set(password.toLowerCase()).size < 6) return
      t.equal(await passwordProblem(password, ['bob@x.example', 'Bob']), null, password)
    }),
    { numRuns: 50 },
  )
})

t.test('sign-up and change hold to the rules', async (t) => {
  const { call, tenant } = await testApp(t)
  const signup = await call('POST', '/api/auth/signup', {
    body: { email: 'new@x.example', password: 'Password1', name: 'New', organizationName: 'X' },
  })
  t.equal(signup.status, 400)
  t.match(signup.body.error.details, [{ path: 'body.password', message: /common and breached/ }])
  t.notMatch(JSON.stringify(signup.body), /Password1/)

  const { accessToken, password, email } = await tenant()
  const headers = { authorization: `Bearer ${accessToken}` }
  const change = (currentPassword: string, newPassword: string) =>
    call('POST', '/api/auth/password/change', { headers, body: { currentPassword, newPassword } })
  t.equal((await change(password, 'short')).status, 400)
  t.match((await change(password, 'sunshine1')).body.error.details, [{ path: 'body.newPassword' }])
  t.match((await change(password, email)).body.error.details, [{ path: 'body.newPassword' }])
  t.equal((await change('not the current one', 'a good new password')).status, 401)
  t.equal((await change(password, 'a good new password')).status, 204)
  t.equal((await call('POST', '/api/auth/login', { body: { email, password } })).status, 401)
  t.equal(
    (await call('POST', '/api/auth/login', { body: { email, password: 'a good new password' } })).status,
    200,
  )
})
