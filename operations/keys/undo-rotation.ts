import Type from 'typebox'
import { findKey, keepKey, lockKey } from '../../db/queries/keys.ts'
import { ApiError } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { RevokedKey } from '../../schemas/keys.ts'
import { writeOperation } from '../core/operation.ts'
import { authorOf, refuseStronger } from './authors.ts'
import { changedKey, lockKeyFor } from './find.ts'
import { endAndReport } from './revoke.ts'
import { keyStatus } from './states.ts'

/** Takes a rotation back while the old key lives: the successor is revoked, the old key lives on. */
export const undoRotation = writeOperation({
  name: 'keys.undoRotation',
  summary: 'Undo a rotation',
  description:
    'Revokes the successor. The old key lives on to its own expiry, as if it had not been rotated.',
  access: 'keys:write',
  receipt: true,
  input: Type.Object({ id: Id('key') }),
  output: RevokedKey,
  async prepare({ read, organizationId }, { id }): Promise<string | null> {
    const [old] = await read((tx) => findKey(tx, organizationId, id))
    return old?.replacedBy ?? null
  },
  ends: ({ id }, _actor, successorId) => ({ keys: successorId ? [id, successorId] : [id] }),
  async run(context, { id }) {
    const { tx, organizationId, audit, invalidate } = context
    const old = await lockKeyFor(context, id, 'undo')
    refuseStronger(old, authorOf(context))
    const successorId = old.replacedBy as string
    const [successor] = await lockKey(tx, organizationId, successorId)
    if (successor?.replacedBy && keyStatus(successor, successor.now.getTime()) !== 'revoked') {
      throw new ApiError('CONFLICT', 'The successor was rotated itself: undo that rotation first')
    }
    await keepKey(tx, organizationId, id)
    invalidate(`key:${id}`)
    audit({
      action: 'key.rotation_undone',
      targetType: 'key',
      targetId: id,
      changes: { replacedBy: { from: successorId, to: null } },
    })
    await endAndReport(context, successorId, 'rotation_undone')
    return changedKey(context, id)
  },
})
