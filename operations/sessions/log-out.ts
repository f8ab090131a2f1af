import Type from 'typebox'
import { NoContent } from '../../schemas/primitives.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { closeSessions } from './close.ts'

/** Logs out: ends the session that the caller uses. */
export const logOut = writeOperation({
  name: 'sessions.logOut',
  summary: 'Log out',
  description: 'The session that you use and its tokens end at once, in every instance.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: Type.Object({}),
  output: NoContent,
  async run(context) {
    const { userId, sessionId } = personOf(context.actor)
    await closeSessions(context, userId, { only: sessionId })
    return null
  },
})

/** Logs out of the dashboard. */
export const logOutOfDashboard = writeOperation({
  ...logOut,
  name: 'dashboard.logOut',
  summary: 'Log out of the dashboard',
  description: 'The session ends at once, in every instance, and the browser drops its cookie.',
})
