import Type from 'typebox'
import { findInvite, listInvites } from '../db/queries/invites.ts'
import { createInvite } from '../operations/invites/invites.ts'
import { presentInvite } from '../operations/invites/present.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Invite, InviteCreate, inviteFilters, NewInvite } from '../schemas/invites.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('inv') })

/** Invites: made, listed and looked at. */
export async function inviteRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.post(
    '/campaigns/:id/invites',
    {
      config: { access: 'invites:write' },
      schema: {
        tags: ['Invites'],
        operationId: 'createInvite',
        summary: 'Invite a candidate to a campaign',
        params: Type.Object({ id: Id('cmp') }),
        body: InviteCreate,
        response: answers({ 201: NewInvite }, 400, 401, 403, 404, 409, 422, 429, 503),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx) =>
        createInvite(app, tx, actorOf(request).organization, request.params.id, request.body),
      ),
  )

  app.get(
    '/invites',
    {
      config: { access: 'invites:read' },
      schema: {
        tags: ['Invites'],
        operationId: 'listInvites',
        summary: 'List invites, newest first',
        querystring: Strict({ ...pageQuery, ...inviteFilters }),
        response: answers({ 200: Page('invites', Invite) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { status = null, campaignId = null, candidateId = null, email } = request.query
      const page = readPage(request.query, 'inv')
      const { id } = actorOf(request).organization
      const filter = { status, campaignId, candidateId, email: email?.toLowerCase() ?? null }
      const rows = await tenancy.read(id, (tx) => listInvites(tx, id, page, filter))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { invites: items.map((row) => presentInvite(row, app.publicUrl())), nextCursor }
    },
  )

  app.get(
    '/invites/:id',
    {
      config: { access: 'invites:read' },
      schema: {
        tags: ['Invites'],
        operationId: 'getInvite',
        summary: 'One invite',
        params,
        response: answers({ 200: Invite }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const [row] = await tenancy.read(id, (tx) => findInvite(tx, id, request.params.id))
      if (!row) throw notFound('Invite')
      return presentInvite(row, app.publicUrl())
    },
  )
}
