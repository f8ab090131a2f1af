import { acceptInvitation } from '../operations/invitations/accept.ts'
import { inviteMember } from '../operations/invitations/create.ts'
import { listInvitations } from '../operations/invitations/list.ts'
import { resendInvitation } from '../operations/invitations/resend.ts'
import { withdrawInvitation } from '../operations/invitations/withdraw.ts'
import type { Api } from './api.ts'
import { noStore, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

/** Invitations to become a member. */
export async function invitationRoutes(app: Api): Promise<void> {
  rest(app, 'POST /members/invitations', inviteMember, { status: 201 })
  rest(app, 'GET /members/invitations', listInvitations)
  rest(app, 'POST /members/invitations/:id/resend', resendInvitation)
  rest(app, 'DELETE /members/invitations/:id', withdrawInvitation, { status: 204 })
}

/** The way in for who was invited. */
export async function acceptRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  rest(app, 'POST /members/invitations/accept', acceptInvitation, {
    around: (request, run) => tryingSecret(app, request, run),
  })
}
