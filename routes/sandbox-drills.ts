import type { FastifyRequest, InjectOptions } from 'fastify'
import { listMemberships } from '../db/queries/accounts.ts'
import { findClock } from '../db/queries/clock.ts'
import { listOwners } from '../db/queries/members.ts'
import {
  type Answer,
  type Drill,
  type DrillTools,
  type Receiver,
  Report,
} from '../operations/drills/drill.ts'
import { drilledReceiver } from '../operations/drills/receiver.ts'
import { drills } from '../operations/drills/registry.ts'
import { handleLeaks } from '../operations/keys/leaks.ts'
import { openSession } from '../operations/sessions/open.ts'
import { Sender } from '../operations/webhooks/send.ts'
import { targetRules } from '../operations/webhooks/targets.ts'
import { actorOf } from '../plugins/access.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { allows } from '../schemas/access.ts'
import { DrillOrder, DrillReport } from '../schemas/drills.ts'
import { ApiError } from '../schemas/errors.ts'
import { type Api, answers } from './api.ts'

// Whatever says who the caller is, for the steps that are asked in the caller's name.
const credentialHeaders = ['authorization', 'x-api-key', 'cookie', 'origin', 'sec-fetch-site', 'user-agent']

/** Exercises on the caller's own organization: in the sandbox alone, where production has no such route. */
export async function sandboxDrillRoutes(app: Api): Promise<void> {
  const { config, encryptionKey } = app
  const sender = new Sender(targetRules(config.environment.name, config.webhookAllowedTargets))
  app.addHook('onClose', () => sender.close())

  app.post(
    '/sandbox/drills',
    {
      config: { access: 'authenticated' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'runDrill',
        summary: 'Run a drill on your own organization, and get a report of what was expected and seen',
        description:
          'Drills of keys and sessions make their own and end them. Those of webhooks send to the receiver of ' +
          '`webhookId`, or of the newest webhook that is enabled.',
        body: DrillOrder,
        response: answers({ 200: DrillReport }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    async (request) => {
      const { drill: name, webhookId = null } = request.body
      const drill: Drill = drills[name]
      if (!allows(actorOf(request).scopes, drill.access)) {
        throw new ApiError('FORBIDDEN', undefined, {
          reason: `scope_missing:${drill.access}`,
          details: [{ path: 'credential', message: `needs the scope ${drill.access}` }],
        })
      }
      // A drill asks this API and the receiver, so that it holds no connection while it runs.
      const { id } = actorOf(request).organization
      const startedAt = new Date()
      const receiver = drill.needsReceiver
        ? await app.tenancy.write(id, (tx) => drilledReceiver(tx, id, sender, encryptionKey, webhookId))
        : noReceiver
      const report = new Report()
      await drill.run(toolsFor(request, id, receiver), report)
      const { steps } = report
      const passed = steps.every(({ ok }) => ok)
      return { drill: name, passed, steps, startedAt, finishedAt: new Date() }
    },
  )

  function toolsFor(request: FastifyRequest, organizationId: string, receiver: Receiver): DrillTools {
    return {
      receiver,
      async ask(method, path, { credential = 'caller', body } = {}) {
        const headers = credential === 'caller' ? ownHeaders(request) : bearerHeaders(credential)
        return ask({ method, url: path, headers, remoteAddress: request.address, ...withBody(headers, body) })
      },
      async reportLeak(key) {
        await handleLeaks(
          {
            services: app,
            mailer: null,
            publicUrl: app.publicUrl(),
            contextFor: (id) => publicAuditContextOf(request, id, null, 'partner'),
          },
          [{ token: key, type: 'anteroom_api_key', source: 'drill' }],
        )
      },
      async openSession() {
        const userId =
          actorOf(request).user?.id ??
          (await app.tenancy.read(organizationId, (tx) => listOwners(tx, organizationId)))[0]?.id ??
          ''
        const memberships = await listMemberships(app.database, userId)
        const member = memberships.find((membership) => membership.organizationId === organizationId)
        if (!member) throw new ApiError('CONFLICT', 'The organization has no member to open a session for')
        const origin = { ip: request.address, userAgent: 'a drill' }
        return (await openSession(app.database, config, member, origin)).login.refreshToken
      },
      async clockAheadMs() {
        const [clock] = await app.tenancy.read(organizationId, (tx) => findClock(tx, organizationId))
        return (clock?.offsetSeconds ?? 0) * 1000
      },
    }
  }

  async function ask(options: InjectOptions): Promise<Answer> {
    const { statusCode: status, headers, body } = await app.inject(options)
    return { status, headers, body: body === '' ? {} : JSON.parse(body) }
  }
}

function ownHeaders({ headers }: FastifyRequest): Record<string, string> {
  return Object.fromEntries(
    credentialHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  )
}

function bearerHeaders(credential: { bearer: string } | null): Record<string, string> {
  return credential ? { authorization: `Bearer ${credential.bearer}` } : {}
}

function withBody(headers: Record<string, string>, body: unknown): { payload?: string } {
  if (body === undefined) return {}
  headers['content-type'] = 'application/json'
  return { payload: JSON.stringify(body) }
}

const noReceiver: Receiver = {
  url: '',
  send: () => Promise.reject(new Error('this drill has no receiver')),
}
