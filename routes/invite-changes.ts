import Type from 'typebox'
import { cancelInvite, extendInvite, resendInvite } from '../operations/invites/change.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { Id } from '../schemas/ids.ts'
import { Invite, InviteExtend, InviteResend, NewInvite } from '../schemas/invites.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('inv') })

/** What is done to invites that are open. */
export async function inviteChangeRoutes(app: Api): Promise<void> {
  app.post(
    '/invites/:id/cancel',
    {
      config: { access: 'invites:write' },
      schema: {
        tags: ['Invites'],
        operationId: 'cancelInvite',
        summary: 'Cancel an invite: its link ends, and an interview that is under way ends at once',
        params,
        response: answers({ 200: Invite }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 200, (tx) =>
        cancelInvite(app, tx, auditContextOf(request), request.params.id),
      ),
  )

  app.post(
    '/invites/:id/extend',
    {
      config: { access: 'invites:write' },
      schema: {
        tags: ['Invites'],
        operationId: 'extendInvite',
        summary: 'Put the end of a pending invite off, by hours or to a time; its link stays the same',
        params,
        body: InviteExtend,
        response: answers({ 200: Invite }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 200, (tx) =>
        extendInvite(app, tx, auditContextOf(request), request.params.id, request.body),
      ),
  )

  app.post(
    '/invites/:id/resend',
    {
      config: { access: 'invites:write' },
      schema: {
        tags: ['Invites'],
        operationId: 'resendInvite',
        summary: 'Make a fresh link and mail it; the one before ends at once',
        params,
        body: Type.Optional(InviteResend),
        response: answers({ 200: NewInvite }, 400, 401, 403, 404, 409, 422, 429, 503),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 200, (tx) => {
        const { organization } = actorOf(request)
        const { id } = request.params
        return resendInvite(app, tx, organization, auditContextOf(request), id, request.body ?? {})
      }),
  )
}
