import Type from 'typebox'
import { findInterview } from '../db/queries/interviews.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { presentInterview } from '../operations/interviews/present.ts'
import { letExpire, moveClock, readClock, stopClock } from '../operations/sandbox/clock.ts'
import { resetOrganization } from '../operations/sandbox/reset.ts'
import { simulateInterview } from '../operations/sandbox/simulate.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Interview } from '../schemas/interviews.ts'
import { Clock, ClockAdvance, Reset } from '../schemas/sandbox.ts'
import { type Api, answers } from './api.ts'

/** Tools to try things out with: in the sandbox alone, where production has no such routes. */
export async function sandboxRoutes(app: Api): Promise<void> {
  const { config, tenancy } = app

  app.get(
    '/sandbox/clock',
    {
      config: { access: 'organization:read' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'getClock',
        summary: 'What time it is for the organization',
        response: answers({ 200: Clock }, 400, 401, 403, 429),
      },
    },
    (request) => {
      const { id } = actorOf(request).organization
      return tenancy.write(id, (tx) => readClock(tx, id))
    },
  )

  app.post(
    '/sandbox/clock',
    {
      config: { access: 'organization:write' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'advanceClock',
        summary: 'Move the organization’s time ahead: what is due expires at once',
        body: ClockAdvance,
        response: answers({ 200: Clock }, 400, 401, 403, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const clock = await app.answerPost(request, reply, 200, (tx) =>
        moveClock(tx, auditContextOf(request), config.environment, request.body.advanceSeconds),
      )
      const { id } = actorOf(request).organization
      await app.changes.settle([`organization:${id}`])
      await letExpire(app.database, app.files, app.auditKey, id, app.publicUrl())
      return clock
    },
  )

  app.delete(
    '/sandbox/clock',
    {
      config: { access: 'organization:write' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'resetClock',
        summary: 'Set the organization’s time back to the real one; what has expired stays so',
        response: answers({ 200: Clock }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      const { id } = actorOf(request).organization
      const clock = await app.writeAs(request, reply, (tx) =>
        stopClock(tx, auditContextOf(request), config.environment),
      )
      await app.changes.settle([`organization:${id}`])
      return clock
    },
  )

  app.post(
    '/sandbox/reset',
    {
      config: { access: 'organization:write' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'resetSandbox',
        summary: 'Delete what the organization has made; people, keys, webhooks, settings and logs stay',
        response: answers({ 200: Reset }, 400, 401, 403, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const answer = await app.answerPost(request, reply, 200, async (tx) => ({
        deleted: await resetOrganization(tx, auditContextOf(request), config.environment),
      }))
      await app.changes.settle([`organization:${actorOf(request).organization.id}`])
      await removeBytesSoon(app.files)
      return answer
    },
  )

  app.post(
    '/sandbox/interviews/:id/simulate',
    {
      config: { access: 'interviews:write' },
      schema: {
        tags: ['Sandbox'],
        operationId: 'simulateInterview',
        summary: 'Answer an interview as a candidate would, and complete it',
        description: 'Takes the id of an interview, or of an invite that nobody has opened yet.',
        params: Type.Object({ id: Type.Union([Id('int'), Id('inv')]) }),
        response: answers({ 200: Interview }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const { organization } = actorOf(request)
      // Before the transaction of the answer, as it has many of its own. One that was done already is no failure to who
      // asks again with the same Idempotency-Key.
      const [simulated] = await Promise.allSettled([
        simulateInterview(app, organization.id, request.params.id),
      ])
      return app.answerPost(request, reply, 200, async (tx, organizationId) => {
        if (simulated.status === 'rejected') throw simulated.reason
        const [row] = await findInterview(tx, organizationId, simulated.value)
        if (!row) throw notFound('Interview')
        return presentInterview(row, app.showFile)
      })
    },
  )
}
