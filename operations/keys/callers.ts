import Type from 'typebox'
import { keyCallers } from '../../db/queries/key-usage.ts'
import { Id } from '../../schemas/ids.ts'
import { Instant, Nullable } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { readKey } from './find.ts'

const MOST_CALLERS = 200

/** Lists who uses a key. */
export const keyCallersOf = readOperation({
  name: 'keys.callers',
  summary: 'List the callers of a key',
  description:
    'Lists the addresses and user agents that use the key, the latest first, at most 200. Look at it before you ' +
    'finish a rotation: it shows which program still uses the old key.',
  access: 'keys:read',
  input: Type.Object({ id: Id('key') }),
  output: Type.Object(
    {
      callers: Type.Array(
        Type.Object({
          ip: Type.String(),
          userAgent: Nullable(Type.String()),
          lastSeenAt: Instant(),
          count: Type.Integer(),
        }),
      ),
    },
    { title: 'KeyCallers' },
  ),
  async run(context, { id }) {
    const { read, organizationId } = context
    await readKey(context, id)
    return { callers: [...(await read((tx) => keyCallers(tx, organizationId, id, MOST_CALLERS)))] }
  },
})
