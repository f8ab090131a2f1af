import { deleteTotp, organizationsRequiringTotp } from '../../db/queries/authentication.ts'
import { ApiError } from '../../schemas/errors.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { Confirmation } from '../../schemas/sessions.ts'
import { confirmPerson } from '../authentication/confirm.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { secondFactorRemovedMail } from '../mail/security-messages.ts'
import { giveNotice } from '../person/notice.ts'

/** Takes the second factor away. */
export const removeTotp = writeOperation({
  name: 'secondFactor.remove',
  summary: 'Remove your second factor',
  description:
    'Send your `password` or a `code`. If you logged in more than 15 minutes ago, send both. The second factor stays ' +
    'while one of your organizations requires it.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  errors: [404, 409],
  input: Confirmation,
  output: NoContent,
  example: { password: 'correct horse battery staple' },
  prepare: ({ services, actor }, confirmation) =>
    confirmPerson(services, personOf(actor), confirmation, 'fresh'),
  async run(context) {
    const { tx, actor } = context
    const { userId } = personOf(actor)
    const [requiring] = await organizationsRequiringTotp(tx, userId)
    if (requiring) {
      throw new ApiError(
        'CONFLICT',
        `The organization ${requiring.name} requires a second factor of its members`,
      )
    }
    const [removed] = await deleteTotp(tx, userId)
    if (!removed)
      throw new ApiError('NOT_FOUND', 'No second factor is set up', { reason: 'no_second_factor' })
    await giveNotice(context, userId, 'user.totp_removed', secondFactorRemovedMail)
    return null
  },
})
