import Type from 'typebox'
import { Id } from '../../schemas/ids.ts'
import { Key } from '../../schemas/keys.ts'
import { readOperation } from '../core/operation.ts'
import { readKey } from './find.ts'

/** Shows one key. */
export const getKey = readOperation({
  name: 'keys.get',
  summary: 'Get a key',
  description: 'Shows what the key may do and how often it was used. The secret part is never shown again.',
  access: 'keys:read',
  input: Type.Object({ id: Id('key') }),
  output: Key,
  run: (context, { id }) => readKey(context, id),
})
