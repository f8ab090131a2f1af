import type { InvitationRow } from '../../db/queries/invitations.ts'
import type { SentInvitation } from '../../schemas/members.ts'
import type { WriteContext } from '../core/operation.ts'
import { refuseLinks } from '../mail/links.ts'
import { invitationMail } from '../mail/member-messages.ts'
import { serializeInvitation } from './serialize.ts'

const DAYS = 7

/** How long an invitation can be accepted, in seconds. */
export const INVITATION_SECONDS = DAYS * 86_400

/** Mails an invitation. @param token opens it, and is stored nowhere */
export async function sendInvitation(
  { tx, actor, services }: WriteContext,
  row: InvitationRow,
  token: string,
): Promise<SentInvitation> {
  const { environment, smtpUrl } = services.config
  const { organization, user } = actor
  refuseLinks({ 'organization.name': organization.name, 'user.name': user?.name })
  await services.mailer.send(
    tx,
    invitationMail(row.email, {
      organizationName: organization.name,
      role: row.role,
      inviter: user?.name ?? null,
      publicUrl: services.publicUrl(),
      token,
      days: DAYS,
    }),
    organization.id,
  )
  // Without a mail server, the message is only in the server's log, where whoever tries the API out cannot read it.
  const shown = environment.name === 'sandbox' && smtpUrl === null
  return shown ? { ...serializeInvitation(row), token } : serializeInvitation(row)
}
