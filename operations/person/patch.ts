import { updateUserName } from '../../db/queries/email-changes.ts'
import { Me, MePatch } from '../../schemas/me.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'

/** Changes the caller's own name. */
export const patchMe = writeOperation({
  name: 'me.update',
  summary: 'Change your name',
  description:
    'Changes the name that members of your organizations see. To change your address, see `POST /api/me/email`.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  input: MePatch,
  output: Me,
  example: { name: 'Ada Lovelace' },
  async run({ tx, actor, invalidate }, { name }) {
    const { userId } = personOf(actor)
    const [me] = await updateUserName(tx, userId, name)
    invalidate(`user:${userId}`)
    return me as Me
  },
})
