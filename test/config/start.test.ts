import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('a start with wrong values says so line by line and ends with exit code 1', async (t) => {
  const env = {
    PATH: process.env.PATH,
    ANTEROOM_ENV: 'production',
    EMBEDDED_DATABASE: 'yes',
    PORT: 'http',
    SIGNUP: 'open',
    TRUST_PROXY: '1',
  }
  const failure = await promisify(execFile)(process.execPath, ['server.ts'], { cwd: root, env }).then(
    () => null,
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  t.equal(failure?.code, 1)
  t.equal(failure?.stdout, '')
  const names = failure?.stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ', 1)[0])
  t.same(names?.sort(), ['ENCRYPTION_KEY', 'PORT', 'SMTP_URL', 'TRUST_PROXY'])
})
