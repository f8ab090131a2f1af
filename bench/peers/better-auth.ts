// Better Auth's API-key plugin behind a Fastify route. README.md tells why it is configured like this.
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import Fastify from 'fastify'
import pg from 'pg'
import { whoamiResponse } from '../candidates/whoami-response.ts'

const { DATABASE_URL, BODY = '{}', KEYS = '1', POOL_SIZE = '10', PORT } = process.env

const options = {
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: 'for the benchmark alone, never a real one',
  database: new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) }),
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
  telemetry: { enabled: false },
  // On, as it is by default and as Anteroom's is; the maximum is out of the load's reach.
  plugins: [apiKey({ rateLimit: { enabled: true, timeWindow: 60_000, maxRequests: 1_000_000_000 } })],
}
const auth = betterAuth(options)
const { runMigrations } = await getMigrations(options)
await runMigrations()

const { user } = await auth.api.signUpEmail({
  body: { email: 'ada@example.com', password: 'correct horse battery staple', name: 'Ada' },
})
const keys: string[] = []
for (let count = 0; count < Number(KEYS); count++) {
  const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: 'bench', prefix: 'sk_dev_' } })
  keys.push(key)
}

const app = Fastify()
const { credential, ...rest } = JSON.parse(BODY)

app.get('/whoami', { schema: { response: { 200: whoamiResponse } } }, async (request, reply) => {
  const { valid, key } = await auth.api.verifyApiKey({ body: { key: String(request.headers['x-api-key']) } })
  if (!valid || key === null) return reply.code(401).send({ error: 'Invalid API key' })
  return {
    ...rest,
    credential: { ...credential, id: key.id, name: key.name, prefix: key.start, expiresAt: key.expiresAt },
  }
})
// The keys exist in this process alone: the bench asks for them.
app.get('/keys', async () => keys)
await app.listen({ port: Number(PORT) })
