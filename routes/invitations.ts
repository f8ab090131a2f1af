import Type from 'typebox'
import { listInvitations } from '../db/queries/invitations.ts'
import {
  invite,
  presentInvitation,
  resendInvitation,
  withdrawInvitation,
} from '../operations/members/invitations.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Invitation, InvitationCreate, invitationStatuses, SentInvitation } from '../schemas/members.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers, noContent } from './api.ts'

const params = Type.Object({ id: Id('minv') })

/** Invitations to become a member. */
export async function invitationRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.post(
    '/members/invitations',
    {
      config: { access: 'members:write' },
      schema: {
        tags: ['Members'],
        operationId: 'inviteMember',
        summary: 'Invite someone by e-mail, for seven days',
        body: InvitationCreate,
        response: answers({ 201: SentInvitation }, 400, 401, 403, 409, 422, 429, 503),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx) =>
        invite(app, tx, actorOf(request), auditContextOf(request), request.body),
      ),
  )

  app.get(
    '/members/invitations',
    {
      config: { access: 'members:read' },
      schema: {
        tags: ['Members'],
        operationId: 'listInvitations',
        summary: 'List invitations, newest first',
        querystring: Strict({ ...pageQuery, status: Type.Optional(Type.Enum([...invitationStatuses])) }),
        response: answers({ 200: Page('invitations', Invitation) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query)
      const { id } = actorOf(request).organization
      const status = request.query.status ?? null
      const rows = await tenancy.read(id, (tx) => listInvitations(tx, id, page, status))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { invitations: items.map(presentInvitation), nextCursor }
    },
  )

  app.post(
    '/members/invitations/:id/resend',
    {
      config: { access: 'members:write' },
      schema: {
        tags: ['Members'],
        operationId: 'resendInvitation',
        summary: 'Send an invitation again, for seven more days: the link sent before ends',
        params,
        response: answers({ 200: SentInvitation }, 400, 401, 403, 404, 409, 422, 429, 503),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 200, (tx) =>
        resendInvitation(app, tx, actorOf(request), auditContextOf(request), request.params.id),
      ),
  )

  app.delete(
    '/members/invitations/:id',
    {
      config: { access: 'members:write' },
      schema: {
        tags: ['Members'],
        operationId: 'withdrawInvitation',
        summary: 'Withdraw an invitation: its link ends',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      await app.writeAs(request, reply, (tx) =>
        withdrawInvitation(tx, actor, auditContextOf(request), request.params.id),
      )
      return reply.code(204).send(null)
    },
  )
}
