import Type from 'typebox'
import { deleteEmailChange } from '../../db/queries/email-changes.ts'
import { notFound } from '../../schemas/errors.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'

/** Cancels a change of e-mail address that waits to be confirmed. */
export const cancelEmailChange = writeOperation({
  name: 'me.cancelEmailChange',
  summary: 'Cancel a change of your e-mail address',
  description: 'Ends a change that waits to be confirmed. The links that were sent for it stop working.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  errors: [404],
  input: Type.Object({}),
  output: NoContent,
  async run({ tx, actor }) {
    const [deleted] = await deleteEmailChange(tx, personOf(actor).userId)
    if (!deleted) throw notFound('Change of e-mail address')
    return null
  },
})
