import { findSession } from '../../db/queries/sessions.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent, Strict } from '../../schemas/primitives.ts'
import { Confirmation } from '../../schemas/sessions.ts'
import { confirmPerson } from '../authentication/confirm.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { closeSessions } from './close.ts'

/** Ends one of the caller's sessions. */
export const endSession = writeOperation({
  name: 'sessions.end',
  summary: 'End one of your sessions',
  description:
    'The session and its tokens end at once, in every instance. To end another session than the one that you use, you ' +
    'need a log-in of the last 15 minutes. Otherwise send your `password` or a `code`.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  input: Strict({ id: Id('ses'), ...Confirmation.properties }),
  output: NoContent,
  example: { password: 'correct horse battery staple' },
  async prepare({ services, actor }, { id, ...confirmation }) {
    const person = personOf(actor)
    if (!(await findSession(services.database, person.userId, id))[0]) throw notFound('Session')
    if (id !== person.sessionId) await confirmPerson(services, person, confirmation, 'recent')
  },
  async run(context, { id }) {
    await closeSessions(context, personOf(context.actor).userId, { only: id })
    return null
  },
})

/** Ends all of the caller's sessions except for the one that they use. */
export const endOtherSessions = writeOperation({
  name: 'sessions.endOthers',
  summary: 'End all your other sessions',
  description:
    'Ends every session of yours except for the one that you use, in all your organizations. You need a log-in of the ' +
    'last 15 minutes. Otherwise send your `password` or a `code`.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  input: Confirmation,
  output: NoContent,
  example: { password: 'correct horse battery staple' },
  prepare: ({ services, actor }, confirmation) =>
    confirmPerson(services, personOf(actor), confirmation, 'recent'),
  async run(context) {
    const { userId, sessionId } = personOf(context.actor)
    await closeSessions(context, userId, { except: sessionId })
    return null
  },
})
