import Type from 'typebox'
import type { AccessRecord } from '../db/queries/access-log.ts'
import { LogFeed } from '../operations/access-log/feed.ts'
import { serializeLogRecord } from '../operations/logs/serialize.ts'
import { actorOf } from '../plugins/access.ts'
import { logFilter } from '../schemas/logs.ts'
import { Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const stream = {
  description:
    'Server-sent events: `id`, `request` as `event`, and the record as `GET /api/logs` has it as `data`',
  content: { 'text/event-stream': { schema: Type.String() } },
}

/** The access log, as it is written. */
export async function logStreamRoutes(app: Api): Promise<void> {
  const feed = new LogFeed(app.database, (err) => app.log.error({ err }, 'log stream'))

  app.get(
    '/logs/stream',
    {
      config: { access: 'logs:read' },
      exposeHeadRoute: false,
      schema: {
        tags: ['Logs'],
        operationId: 'logs.stream',
        summary: 'Follow the requests of the organization, from now on',
        description:
          'For people who watch. The stream has at most the newest 200 requests per second, and no request that took ' +
          'longer than 30 seconds: `GET /api/logs` has all of them. The stream ends with the credential that opened it.',
        querystring: Strict(logFilter),
        response: { ...answers({}, 400, 401, 403, 429), 200: stream },
      },
    },
    async (request, reply) => {
      const { keyId, status, path } = request.query
      const wanted = (record: AccessRecord) =>
        (keyId === undefined || record.keyId === keyId) &&
        (status === undefined || record.status === status) &&
        (path === undefined || record.path === path)
      const follower = await feed.join(actorOf(request).organization.id)
      try {
        const open = app.openEventStream(request, reply)
        for await (const record of follower.records(open.signal)) {
          if (wanted(record))
            await open.send({ id: record.id, event: 'request', data: serializeLogRecord(record) })
        }
      } finally {
        follower.leave()
      }
    },
  )
}
