import { compose, type Mail } from './compose.ts'
import { withoutLinks } from './links.ts'

/** Asks someone to join an organization. The token stands in the fragment, which no browser sends to a server. */
export function invitationMail(
  to: string,
  about: {
    organizationName: string
    role: string
    inviter: string | null
    publicUrl: string
    token: string
    days: number
  },
): Mail {
  const { role, publicUrl, token, days } = about
  const organizationName = withoutLinks(about.organizationName)
  const inviter = about.inviter && withoutLinks(about.inviter)
  return compose('invitation', to, {
    subject: `Invitation to ${organizationName}`,
    paragraphs: [
      `${inviter ?? organizationName} invites you to join ${organizationName} on Anteroom as ${role}.`,
      `The link can be used once, within ${days} days.`,
    ],
    link: { label: 'Accept the invitation', url: `${publicUrl}/dashboard/accept#token=${token}` },
    footer: 'If you did not expect this message, do nothing: without the link nobody joins in your name.',
  })
}

/** Tells an owner that somebody left, and which of their keys stay. */
export function keysLeftBehindMail(
  to: string,
  about: {
    organizationName: string
    member: string
    keys: readonly { name: string; prefix: string }[]
    publicUrl: string
  },
): Mail {
  const { organizationName, member, keys, publicUrl } = about
  const shown = keys.slice(0, 20).map((key) => `${key.name} (${key.prefix}…)`)
  const more = keys.length > shown.length ? `, and ${keys.length - shown.length} more` : ''
  return compose('notice', to, {
    subject: `${member} left ${organizationName}: ${keys.length} of their API keys stay`,
    paragraphs: [
      `${member} is no longer a member of ${organizationName}. Keys belong to the organization, so that those that ${member} made still work: ${shown.join(', ')}${more}.`,
      'Rotate the ones that this person may still know, and revoke the ones that nobody needs.',
    ],
    link: { label: 'See the keys', url: `${publicUrl}/dashboard` },
    footer: 'You get this message as an owner of the organization.',
  })
}
