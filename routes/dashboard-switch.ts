import { SESSION_SECONDS } from '../operations/sessions/open.ts'
import { switchDashboard } from '../operations/sessions/switch.ts'
import { type DashboardEntrance, DashboardSession } from '../schemas/sessions.ts'
import type { Api } from './api.ts'
import { noStore } from './attempts.ts'
import { rest } from './rest.ts'

/** The dashboard from one of a user's organizations to another. */
export async function dashboardSwitchRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  rest(app, 'POST /session/switch', switchDashboard, {
    shows: DashboardSession,
    answered: (_request, reply, output) => {
      const { cookie } = output as DashboardEntrance
      app.cookies.set(reply, 'session', cookie, SESSION_SECONDS.dashboard)
    },
  })
}
