import t from 'tap'
import { testApp } from '../support/app.ts'

t.test("production has none of the sandbox's tools", async (t) => {
  const server = await testApp(t, {
    ANTEROOM_ENV: 'production',
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    SIGNUP: 'open',
    SMTP_URL: 'smtp://127.0.0.1:1',
    PUBLIC_URL: 'https://anteroom.example',
  })
  const tenant = await server.tenant()
  for (const [method, path] of [
    ['GET', 'clock'],
    ['POST', 'clock'],
    ['POST', 'reset'],
    ['POST', 'interviews/int_01jd8m3k5ve2pt7c9x4hw6qa0z/simulate'],
  ] as const) {
    const answer = await server.call(method, `/api/sandbox/${path}`, {
      headers: tenant.auth,
      ...(method === 'POST' ? { body: {} } : {}),
    })
    t.match(answer, { status: 404, body: { error: { code: 'NOT_FOUND' } } }, path)
  }
})
