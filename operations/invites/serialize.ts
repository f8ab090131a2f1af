import type { InviteRow } from '../../db/queries/invites.ts'
import type { Invite, NewInvite } from '../../schemas/invites.ts'

/** Where the hosted page stands, below the public URL. */
export const INTERVIEW_PAGE = '/interview'

/**
 * An invite as the API shows it. The token is not kept, so that the `url` is the page's alone.
 * @param publicUrl without a trailing slash
 */
export function serializeInvite(row: InviteRow, publicUrl: string): Invite {
  const { id, campaignId, candidateId, status, expiresAt, interviewId, createdAt } = row
  const url = `${publicUrl}${INTERVIEW_PAGE}`
  return { id, campaignId, candidateId, status, url, expiresAt, interviewId, createdAt }
}

/** An invite with its token, which is shown once: in the URL's fragment, which no browser sends to a server. */
export function serializeNewInvite(row: InviteRow, publicUrl: string, token: string): NewInvite {
  return { ...serializeInvite(row, publicUrl), url: linkOf(publicUrl, token), token }
}

/** What a candidate opens. */
export function linkOf(publicUrl: string, token: string): string {
  return `${publicUrl}${INTERVIEW_PAGE}#${token}`
}
