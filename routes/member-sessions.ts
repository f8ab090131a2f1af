import { endSessionsOf } from '../operations/members/end-sessions.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { Id } from '../schemas/ids.ts'
import { Strict } from '../schemas/primitives.ts'
import { type Api, answers, noContent } from './api.ts'

/** The sessions of members, for who looks after them. */
export async function memberSessionRoutes(app: Api): Promise<void> {
  const { config } = app

  app.post(
    '/members/end-sessions',
    {
      config: { access: 'members:write' },
      schema: {
        tags: ['Members'],
        operationId: 'endMemberSessions',
        summary: 'End the sessions of a member in this organization',
        body: Strict({ userId: Id('usr') }),
        response: answers({ 204: noContent }, 400, 401, 403, 404, 429),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const tags = await app.writeAs(
        request,
        reply,
        (tx) => endSessionsOf(tx, config.environment, actor, auditContextOf(request), request.body.userId),
        'exclusive',
      )
      await app.changes.settle(tags)
      return reply.code(204).send(null)
    },
  )
}
