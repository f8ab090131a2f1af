import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { type InviteRow, lockInvite, setInviteStatus } from '../../db/queries/invites.ts'
import { emit } from '../events/emit.ts'
import { serializeInvite } from './serialize.ts'

/**
 * Writes down that an invite has expired, where it has: its count and its event come once, whoever sees it first.
 * @param row as `lockInvite` gave it
 */
async function settleInvite(tx: Queryable, row: InviteRow, publicUrl: string): Promise<void> {
  if (row.status !== 'expired' || row.storedStatus === 'expired') return
  const { organizationId, id, campaignId } = row
  await setInviteStatus(tx, organizationId, id, 'expired')
  await addToCount(tx, organizationId, campaignId, 'expired')
  await emit(tx, organizationId, 'invite.expired', serializeInvite(row, publicUrl))
}

/** An invite, locked, with what it has come to written down; no invite where the organization has no such one. */
export async function lockSettledInvite(
  tx: Queryable,
  organizationId: string,
  id: string,
  publicUrl: string,
): Promise<InviteRow | undefined> {
  const [row] = await lockInvite(tx, organizationId, id)
  if (row) await settleInvite(tx, row, publicUrl)
  return row
}
