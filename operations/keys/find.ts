import { findKey, type KeyRow, lockKey } from '../../db/queries/keys.ts'
import { notFound } from '../../schemas/errors.ts'
import type { Key } from '../../schemas/keys.ts'
import type { ReadContext, WriteContext } from '../core/operation.ts'
import { serializeKey } from './serialize.ts'
import { type KeyAct, requireAllowed } from './states.ts'

/** One key as the API shows it. @throws ApiError 404 where the organization has no such key */
export async function readKey(
  { read, organizationId }: Pick<ReadContext, 'read' | 'organizationId'>,
  id: string,
): Promise<Key> {
  const [row] = await read((tx) => findKey(tx, organizationId, id))
  if (!row) throw notFound('Key')
  return serializeKey(row)
}

/** The same within a transaction. */
export async function changedKey({ tx, organizationId }: KeyScope, id: string): Promise<Key> {
  const [row] = await findKey(tx, organizationId, id)
  if (!row) throw notFound('Key')
  return serializeKey(row)
}

/**
 * Locks a key until the transaction ends.
 * @throws ApiError 404, 409 where the key's state does not allow the act
 */
export async function lockKeyFor(
  { tx, organizationId }: KeyScope,
  id: string,
  act: KeyAct,
): Promise<KeyRow & { now: Date }> {
  const [row] = await lockKey(tx, organizationId, id)
  if (!row) throw notFound('Key')
  requireAllowed(row, act)
  return row
}

type KeyScope = Pick<WriteContext, 'tx' | 'organizationId'>
