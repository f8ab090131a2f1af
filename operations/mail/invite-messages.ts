import { compose, type Mail } from './compose.ts'
import { withoutLinks } from './links.ts'

/** Asks a candidate to an interview. The token stands in the link's fragment, which no browser sends to a server. */
export function inviteMail(
  to: string,
  about: {
    organizationName: string
    campaignName: string
    candidateName: string
    link: string
    expiresAt: Date
  },
): Mail {
  const { link, expiresAt } = about
  const organizationName = withoutLinks(about.organizationName)
  const campaignName = withoutLinks(about.campaignName)
  const candidateName = withoutLinks(about.candidateName)
  return compose('invite', to, {
    subject: `${organizationName} invites you to an interview: ${campaignName}`,
    paragraphs: [
      `Hello ${candidateName},`,
      `${organizationName} invites you to an interview: ${campaignName}. You can take it in your browser, whenever it suits you.`,
      `The link is for you alone and can be used once, until ${expiresAt.toUTCString()}. If you have to stop in between, come back to the same browser within 24 hours.`,
    ],
    link: { label: 'Begin the interview', url: link },
    footer: `If you did not expect this message, do nothing. It was sent for ${organizationName}.`,
  })
}
