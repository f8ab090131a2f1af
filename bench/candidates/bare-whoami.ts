// The least that Fastify can do for the answer of GET /api/whoami: one route, one response schema, a JSON made once.
import Fastify from 'fastify'
import { whoamiResponse } from './whoami-response.ts'

const body: unknown = JSON.parse(process.env.BODY ?? '{}')

const app = Fastify()
app.get('/whoami', { schema: { response: { 200: whoamiResponse } } }, (_request, reply) => {
  reply.send(body)
})
await app.listen({ port: Number(process.env.PORT) })
