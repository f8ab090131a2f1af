import { cancelInvite } from '../operations/invites/cancel.ts'
import { createInvite } from '../operations/invites/create.ts'
import { extendInvite } from '../operations/invites/extend.ts'
import { getInvite } from '../operations/invites/get.ts'
import { listInvites } from '../operations/invites/list.ts'
import { resendInvite } from '../operations/invites/resend.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Invites of candidates, one by one. */
export async function inviteRoutes(app: Api): Promise<void> {
  rest(app, 'POST /campaigns/:id/invites', createInvite, { status: 201 })
  rest(app, 'GET /invites', listInvites)
  rest(app, 'GET /invites/:id', getInvite)
  rest(app, 'POST /invites/:id/cancel', cancelInvite)
  rest(app, 'POST /invites/:id/extend', extendInvite)
  rest(app, 'POST /invites/:id/resend', resendInvite)
}
