import Type from 'typebox'
import { listMembers } from '../db/queries/members.ts'
import { changeRole, presentMember, removeMember } from '../operations/members/members.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Member, MemberPatch } from '../schemas/members.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers, noContent } from './api.ts'

const params = Type.Object({ userId: Id('usr') })

/** Who belongs to the organization, as what. */
export async function memberRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.get(
    '/members',
    {
      config: { access: 'members:read' },
      schema: {
        tags: ['Members'],
        operationId: 'listMembers',
        summary: 'List members, newest users first',
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('members', Member) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query)
      const { id } = actorOf(request).organization
      const rows = await tenancy.read(id, (tx) => listMembers(tx, id, page))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { members: items.map(presentMember), nextCursor }
    },
  )

  app.patch(
    '/members/:userId',
    {
      config: { access: 'members:write' },
      schema: {
        tags: ['Members'],
        operationId: 'changeMember',
        summary: 'Give a member another role: their next request has it',
        params,
        body: MemberPatch,
        response: answers({ 200: Member }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const { userId } = request.params
      const member = await app.writeAs(
        request,
        reply,
        (tx) => changeRole(app, tx, actor, auditContextOf(request), userId, request.body.role),
        'exclusive',
      )
      await app.changes.settle([`user:${userId}`])
      return member
    },
  )

  app.delete(
    '/members/:userId',
    {
      // Leaving needs no right: the service asks for members:write where it is about somebody else.
      config: { access: 'authenticated' },
      schema: {
        tags: ['Members'],
        operationId: 'removeMember',
        summary: 'Remove a member, or leave',
        description:
          'Removing somebody else needs `members:write`; everyone may take themselves out. The sessions of who is removed ' +
          'end in this organization. Their API keys stay, are marked with `creatorLeftAt`, and the owners are told.',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const { userId } = request.params
      await app.writeAs(
        request,
        reply,
        (tx) => removeMember(app, tx, actor, auditContextOf(request), userId),
        'exclusive',
      )
      await app.changes.settle([`user:${userId}`])
      return reply.code(204).send(null)
    },
  )
}
