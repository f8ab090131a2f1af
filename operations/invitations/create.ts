import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { insertInvitation, withdrawExpired } from '../../db/queries/invitations.ts'
import { findMemberByEmail } from '../../db/queries/members.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { InvitationCreate, SentInvitation } from '../../schemas/members.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireGift } from '../members/authority.ts'
import { takeRoom } from '../plans/room.ts'
import { INVITATION_SECONDS, sendInvitation } from './send.ts'

/** Invites somebody by e-mail. */
export const inviteMember = writeOperation({
  name: 'invitations.create',
  summary: 'Invite somebody to become a member',
  description:
    'Mails a link with which somebody becomes a member in the role that you name, within seven days. You cannot give a ' +
    'role that allows more than your credential does.\n\n' +
    'In a sandbox without a mail server, the answer shows the `token` of the link.',
  access: 'members:write',
  errors: [503],
  input: InvitationCreate,
  output: SentInvitation,
  example: { email: 'grace@example.com', role: 'member' },
  async prepare({ services }) {
    services.mailer.requireMail()
  },
  async run(context, { email: address, role }) {
    const { tx, organizationId, actor, services, audit } = context
    requireGift(await authorityOf(tx, actor), actor, role, 'body.role')
    await takeRoom(tx, services.config.environment.name, organizationId, 'members')
    const email = address.toLowerCase()
    if ((await findMemberByEmail(tx, organizationId, email)).length > 0) {
      throw new ApiError('CONFLICT', 'A user with this e-mail address is a member already', {
        reason: 'member_exists',
      })
    }
    await withdrawExpired(tx, organizationId, email)
    const { text: token } = generateCredential('mt_')
    const [row] = await insertInvitation(tx, {
      organizationId,
      id: newId('minv'),
      email,
      role,
      tokenHash: sha256(token),
      invitedBy: actor.user?.id ?? null,
      invitedByKey: actor.key?.keyId ?? null,
      seconds: INVITATION_SECONDS,
    })
    if (!row) {
      throw new ApiError('CONFLICT', 'This address was invited already: resend or withdraw that invitation', {
        reason: 'invitation_exists',
      })
    }
    audit({
      action: 'member.invited',
      targetType: 'invitation',
      targetId: row.id,
      changes: { role: { from: null, to: row.role } },
    })
    return sendInvitation(context, row, token)
  },
})
