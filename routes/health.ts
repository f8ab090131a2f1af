import Type from 'typebox'
import packageJson from '../package.json' with { type: 'json' }
import { ApiError } from '../schemas/errors.ts'
import type { Api } from './api.ts'
import { answers } from './api.ts'

const Ok = Type.Object({ status: Type.Literal('ok') })

/** Whether the process is up, and whether it can serve. */
export async function healthRoutes(app: Api): Promise<void> {
  // Of refusals too: whoever rolls a version out looks at a server that does not get ready.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-anteroom-version', packageJson.version)
  })

  app.get(
    '/healthz',
    {
      schema: {
        tags: ['Health'],
        operationId: 'healthz',
        summary: 'Whether the process is up',
        response: answers({ 200: Ok }, 429, 503),
      },
    },
    async () => {
      if (app.databaseHealth.isStuck()) {
        throw new ApiError('UNAVAILABLE', 'Work waits for database connections that do not come back')
      }
      return { status: 'ok' as const }
    },
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['Health'],
        operationId: 'readyz',
        summary: 'Whether the database can be reached and is migrated',
        response: answers({ 200: Ok }, 429, 503),
      },
    },
    async () => {
      if (app.starting.underWay)
        throw new ApiError('UNAVAILABLE', 'The start is not done yet', { reason: 'starting' })
      if (app.drain.underWay)
        throw new ApiError('UNAVAILABLE', 'The server is about to end', { reason: 'stopping' })
      await app.databaseHealth.check().catch((cause: unknown) => {
        throw new ApiError('UNAVAILABLE', 'The database is out of reach or not migrated', {
          cause,
          reason: 'database_unavailable',
        })
      })
      return { status: 'ok' as const }
    },
  )
}
