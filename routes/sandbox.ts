import { getClock } from '../operations/sandbox/get-clock.ts'
import { advanceClock, resetClock } from '../operations/sandbox/move-clock.ts'
import { resetSandbox } from '../operations/sandbox/reset.ts'
import { simulateInterview } from '../operations/sandbox/simulate.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Tools to try things out with. Production has none of these routes. */
export async function sandboxRoutes(app: Api): Promise<void> {
  rest(app, 'GET /sandbox/clock', getClock)
  rest(app, 'POST /sandbox/clock', advanceClock)
  rest(app, 'DELETE /sandbox/clock', resetClock)
  rest(app, 'POST /sandbox/reset', resetSandbox)
  rest(app, 'POST /sandbox/interviews/:id/simulate', simulateInterview)
}
