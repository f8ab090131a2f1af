import { ApiError } from '../../schemas/errors.ts'
import type { InviteStatus } from '../../schemas/invites.ts'

/** From each status of an invite, where it may go. */
const inviteTransitions: Record<InviteStatus, readonly InviteStatus[]> = {
  pending: ['started', 'expired', 'cancelled'],
  started: ['completed', 'cancelled'],
  completed: [],
  expired: [],
  cancelled: [],
}

/** @throws ApiError 409 that says from where to where an invite can't go */
export function requireInviteTransition(from: InviteStatus, to: InviteStatus, hint?: string): void {
  if (inviteTransitions[from].includes(to)) return
  throw new ApiError('CONFLICT', `An invite can't go from ${from} to ${to}`, hint ? { hint } : {})
}
