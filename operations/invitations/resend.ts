import Type from 'typebox'
import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { type InvitationRow, renewInvitation } from '../../db/queries/invitations.ts'
import { ApiError } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { SentInvitation } from '../../schemas/members.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireGift } from '../members/authority.ts'
import { holdInvitation } from './hold.ts'
import { INVITATION_SECONDS, sendInvitation } from './send.ts'

const MOST_SENDINGS = 10

/** Sends an invitation again, with a new token. */
export const resendInvitation = writeOperation({
  name: 'invitations.resend',
  summary: 'Send an invitation again',
  description:
    'Mails a new link, valid for seven more days. The link that was sent before stops working. An invitation can be ' +
    'sent ten times.',
  access: 'members:write',
  errors: [503],
  input: Type.Object({ id: Id('minv') }),
  output: SentInvitation,
  async prepare({ services }) {
    services.mailer.requireMail()
  },
  async run(context, { id }) {
    const { tx, organizationId, actor, audit } = context
    const invitation = await holdInvitation(context, id)
    requireGift(await authorityOf(tx, actor), actor, invitation.role, 'params.id')
    if (invitation.sentCount >= MOST_SENDINGS) {
      throw new ApiError(
        'CONFLICT',
        `This invitation was sent ${MOST_SENDINGS} times: withdraw it and create a new one`,
      )
    }
    const { text: token } = generateCredential('mt_')
    const [row] = await renewInvitation(tx, organizationId, id, sha256(token), INVITATION_SECONDS)
    audit({ action: 'member.invitation_resent', targetType: 'invitation', targetId: id })
    return sendInvitation(context, row as InvitationRow, token)
  },
})
