import Type from 'typebox'
import { setInviteStatus } from '../../db/queries/invites.ts'
import { Id } from '../../schemas/ids.ts'
import { Invite } from '../../schemas/invites.ts'
import { writeOperation } from '../core/operation.ts'
import { abandonInterview } from '../interviews/progress.ts'
import { lockedInvite } from './find.ts'
import { serializeInvite } from './serialize.ts'
import { requireInviteTransition } from './states.ts'

/** Cancels an invite. One that is cancelled already stays as it is. */
export const cancelInvite = writeOperation({
  name: 'invites.cancel',
  summary: 'Cancel an invite',
  description:
    'The link ends at once, and so does an interview that is under way: answers that were sent stay. An invite that is ' +
    'completed or expired cannot be cancelled.',
  access: 'invites:write',
  input: Type.Object({ id: Id('inv') }),
  output: Invite,
  async run(context, { id }) {
    const { tx, organizationId, services, emit, audit } = context
    const invite = await lockedInvite(context, id)
    if (invite.status === 'cancelled') return serializeInvite(invite, services.publicUrl())
    requireInviteTransition(invite.status, 'cancelled')
    // Locks come in one order everywhere: invite, interview, campaign.
    if (invite.interviewId) await abandonInterview(tx, organizationId, invite.interviewId)
    await setInviteStatus(tx, organizationId, id, 'cancelled')
    const cancelled = serializeInvite({ ...invite, status: 'cancelled' }, services.publicUrl())
    emit('invite.cancelled', cancelled)
    audit({ action: 'invite.cancelled', targetType: 'invite', targetId: id })
    return cancelled
  },
})
