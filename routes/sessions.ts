import type { FastifyReply, FastifyRequest } from 'fastify'
import { changePassword } from '../operations/password/change.ts'
import { endOtherSessions, endSession } from '../operations/sessions/end.ts'
import { listSessions } from '../operations/sessions/list.ts'
import { logOut } from '../operations/sessions/log-out.ts'
import { switchOrganization } from '../operations/sessions/switch.ts'
import { actorOf } from '../plugins/access.ts'
import type { Api } from './api.ts'
import { noStore, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

type Named = { readonly id?: string }

/** The caller's own sessions, and the password that opens them. */
export async function sessionRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  rest(app, 'GET /auth/sessions', listSessions)
  rest(app, 'DELETE /auth/sessions/:id', endSession, {
    status: 204,
    // Whoever ends the session that they use confirms nothing, so that nothing can fail.
    around: (request, run) => (isOwnSession(request) ? run() : tryingSecret(app, request, run)),
    answered: (request, reply) => {
      if (isOwnSession(request)) clearCookie(app, request, reply)
    },
  })
  rest(app, 'DELETE /auth/sessions', endOtherSessions, {
    status: 204,
    around: (request, run) => tryingSecret(app, request, run),
  })
  rest(app, 'POST /auth/switch', switchOrganization)
  rest(app, 'POST /auth/logout', logOut, {
    status: 204,
    answered: (request, reply) => clearCookie(app, request, reply),
  })
  rest(app, 'POST /auth/password/change', changePassword, {
    status: 204,
    around: (request, run) => tryingSecret(app, request, run),
  })
}

/** Has the browser drop the cookie of a session that has ended. */
export function clearCookie(app: Api, request: FastifyRequest, reply: FastifyReply): void {
  if (actorOf(request).type === 'session') app.cookies.clear(reply, 'session')
}

function isOwnSession(request: FastifyRequest): boolean {
  return (request.params as Named).id === actorOf(request).sessionId
}
