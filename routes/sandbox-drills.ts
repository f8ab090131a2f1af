import type { FastifyRequest } from 'fastify'
import type { Ask } from '../operations/drills/drill.ts'
import { runDrill } from '../operations/drills/run.ts'
import { Sender } from '../operations/webhooks/send.ts'
import { targetRules } from '../operations/webhooks/targets.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

// The headers that say who the caller is, for steps in the caller's name.
const credentialHeaders = ['authorization', 'x-api-key', 'cookie', 'origin', 'sec-fetch-site', 'user-agent']

/** Exercises on the caller's own organization. Production has no such route. */
export async function sandboxDrillRoutes(app: Api): Promise<void> {
  const { config } = app
  const sender = new Sender(targetRules(config.environment.name, config.webhookAllowedTargets))
  // A server that stops does not wait for slow receivers.
  app.addHook('onClose', () => sender.close())

  rest(app, 'POST /sandbox/drills', runDrill, {
    origin: (request) => ({ drills: { sender, ask: askAs(app, request) } }),
  })
}

/** Calls this API from the same address as a request, with its credential or another. */
function askAs(app: Api, { headers: own, address }: FastifyRequest): Ask {
  return async (method, url, { credential = 'caller', body } = {}) => {
    const headers = credential === 'caller' ? ownHeaders(own) : bearerHeaders(credential)
    if (body !== undefined) headers['content-type'] = 'application/json'
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
    const answer = await app.inject({ method, url, headers, remoteAddress: address, ...payload })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body === '' ? {} : JSON.parse(answer.body),
    }
  }
}

function ownHeaders(headers: FastifyRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    credentialHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  )
}

function bearerHeaders(credential: { bearer: string } | null): Record<string, string> {
  return credential ? { authorization: `Bearer ${credential.bearer}` } : {}
}
