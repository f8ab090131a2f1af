import Type from 'typebox'
import { endGrace } from '../../db/queries/keys.ts'
import { Id } from '../../schemas/ids.ts'
import { RevokedKey } from '../../schemas/keys.ts'
import { writeOperation } from '../core/operation.ts'
import { changedKey, lockKeyFor } from './find.ts'

/** Ends the grace of a key that is being replaced. Only its successor is left. */
export const finishRotation = writeOperation({
  name: 'keys.finishRotation',
  summary: 'Finish a rotation now',
  description: 'Ends the old key of a rotation at once, without waiting for its grace period.',
  access: 'keys:write',
  ends: ({ id }) => ({ keys: [id] }),
  receipt: true,
  input: Type.Object({ id: Id('key') }),
  output: RevokedKey,
  async run(context, { id }) {
    const { tx, organizationId, audit, invalidate } = context
    const old = await lockKeyFor(context, id, 'finish')
    const [ended] = await endGrace(tx, organizationId, id)
    invalidate(`key:${id}`)
    audit({
      action: 'key.rotation_finished',
      targetType: 'key',
      targetId: id,
      changes: { retiresAt: { from: old.retiresAt, to: ended?.retiresAt } },
    })
    return changedKey(context, id)
  },
})
