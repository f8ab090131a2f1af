import { acceptInvitation } from '../operations/members/accept.ts'
import { openSession } from '../operations/sessions/open.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { Login } from '../schemas/accounts.ts'
import { InvitationAccept } from '../schemas/members.ts'
import { type Api, answers } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'

/** The way in for who was invited. */
export async function acceptRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)

  app.post(
    '/members/invitations/accept',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Members'],
        operationId: 'acceptInvitation',
        summary: 'Accept an invitation and log in, as a new user or an existing one',
        description:
          'A new user gives `name` and a password of their choice. Who has an account with the invited address already ' +
          'gives its password (and `totp`, where a second factor is set up); `name` is then not looked at.',
        body: InvitationAccept,
        response: answers({ 200: Login }, 400, 401, 403, 409, 429),
      },
    },
    (request) =>
      countingFailures(app, request, () =>
        acceptInvitation(
          app,
          request.body,
          (email) => app.placeOf(request, email),
          (organizationId, userId) => publicAuditContextOf(request, organizationId, userId),
          async (tx, member, place) => (await openSession(tx, app.config, member, place)).login,
        ),
      ),
  )
}
