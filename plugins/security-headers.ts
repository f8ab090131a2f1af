import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isSecured, setOwnHeader } from './secured-response.ts'

/** helmet's headers and `x-request-id` on every response. */
export default fp<{ headers: Readonly<Record<string, string>> }>(
  async (app: FastifyInstance, { headers }) => {
    app.addHook('onRequest', (request, reply, done) => {
      if (!isSecured(reply.raw)) reply.headers(headers)
      setOwnHeader(reply, 'x-request-id', request.id)
      done()
    })
  },
  { name: 'security-headers' },
)

/**
 * helmet's headers, as it writes them. It computes the same ones anew for each request, which halves the throughput of
 * a small route: here it is asked once, at the start.
 *
 * An API answers with data: no page of ours may load anything, be framed or be sniffed, unless its route says so.
 */
export async function helmetHeaders(): Promise<Record<string, string>> {
  const probe = Fastify()
  await probe.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
  const names = new Set(['content-length', 'date', 'connection', 'content-type'])
  probe.get('/', async () => '')
  const answer = await probe.inject('/')
  await probe.close()
  return Object.fromEntries(
    Object.entries(answer.headers)
      .filter(([name]) => !names.has(name))
      .map(([name, value]) => [name, String(value)]),
  )
}
