import { findInvite, type InviteRow } from '../../db/queries/invites.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { WriteContext } from '../core/operation.ts'
import { lockSettledInvite } from './expire.ts'

/** An invite, locked until the transaction ends, and settled. @throws ApiError 404 */
export async function lockedInvite(
  { tx, organizationId, services }: Pick<WriteContext, 'tx' | 'organizationId' | 'services'>,
  id: string,
): Promise<InviteRow> {
  const invite = await lockSettledInvite(tx, organizationId, id, services.publicUrl())
  if (!invite) throw notFound('Invite')
  return invite
}

/** An invite as the transaction sees it, without a lock of its own. @throws ApiError 404 */
export async function readInvite(
  { tx, organizationId }: Pick<WriteContext, 'tx' | 'organizationId'>,
  id: string,
): Promise<InviteRow> {
  const [row] = await findInvite(tx, organizationId, id)
  if (!row) throw notFound('Invite')
  return row
}

/** @param done what only a pending invite can be, e.g. `extended` @throws ApiError 409 */
export function requirePending(invite: InviteRow, done: string): void {
  if (invite.status === 'pending') return
  throw new ApiError('CONFLICT', `An invite can't go from ${invite.status} to pending: it can't be ${done}`, {
    hint: 'Invite the candidate again for a fresh one',
  })
}
