import { openSessionOf } from '../operations/accounts/sessions.ts'
import { switchOrganization } from '../operations/accounts/switch.ts'
import { actorOf } from '../plugins/access.ts'
import { Login, SwitchBody } from '../schemas/accounts.ts'
import { ApiError } from '../schemas/errors.ts'
import { type Api, answers } from './api.ts'
import { noStore } from './attempts.ts'
import { personOf } from './sessions.ts'

/** From one of a user's organizations to another. */
export async function switchRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)

  app.post(
    '/auth/switch',
    {
      // Also for who has yet to set up a second factor: the other organization may not ask for one.
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'switchOrganization',
        summary: 'Open a session in another of your organizations, without a new log-in',
        description: 'The session that you come from stays, and the new one ends no later than it.',
        body: SwitchBody,
        response: answers({ 200: Login }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const actor = actorOf(request)
      if (actor.type === 'session') {
        throw new ApiError('FORBIDDEN', 'The dashboard’s cookie is exchanged for no tokens', {
          reason: 'cookie_for_tokens',
          hint: 'The dashboard switches with POST /dashboard/session/switch',
        })
      }
      const place = app.placeOf(request, actor.user?.email ?? '')
      const opened = await switchOrganization(
        app.accounts,
        personOf(request),
        request.body.organizationId,
        (tx, member) => openSessionOf(tx, app.config, member, place),
      )
      return opened.login
    },
  )
}
