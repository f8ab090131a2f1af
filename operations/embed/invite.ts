import { timingSafeEqual } from 'node:crypto'
import { parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Database } from '../../db/connect.ts'
import { findInviteToken, type InviteTokenRow } from '../../db/queries/invites.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { InviteStatus } from '../../schemas/invites.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'
import type { Origin } from '../core/operation.ts'
import type { ActingOrganization } from '../credentials/principals.ts'

/** An invite's token as presented: whose it is, and by which browser. */
export interface PresentedInvite {
  readonly organization: ActingOrganization
  readonly inviteId: string
  readonly hash: Buffer
  /** A hash of the browser's token and of this one; null where the browser has none. */
  readonly browserHash: Buffer | null
}

/** A candidate's browser that presents an invite, as its door found it. */
export interface AskingBrowser {
  readonly presented: PresentedInvite
  /** The token that the browser's page has to keep; null where a cookie keeps it. */
  readonly tokenToKeep: string | null
}

declare module '../core/operation.ts' {
  interface Origin {
    /** Set where a candidate's browser presents an invite. */
    readonly browser?: AskingBrowser
  }
}

/** The browser that presents an invite. */
export function browserOf({ browser }: Origin): AskingBrowser {
  if (!browser) throw new Error('this is for browsers that present an invite')
  return browser
}

const inviteReasons = {
  completed: 'invite_completed',
  expired: 'invite_expired',
  cancelled: 'invite_cancelled',
} as const

const campaignReasons = {
  draft: 'campaign_draft',
  paused: 'campaign_paused',
  completed: 'campaign_completed',
  archived: 'campaign_archived',
} as const

/** The one refusal of a token that opens nothing. What was wrong with it is for the log alone. */
export function invalidInvite(reason: LoggedReason): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid invite', {
    reason,
    hint: 'The link was used in another browser, has expired or was withdrawn: ask for a new one',
  })
}

/**
 * Finds out whose invite a token is. A mistyped one is known from its text alone.
 * @param browserToken of the browser that presents it, null where it has none
 * @throws ApiError 401, the same for every token that opens nothing
 */
export async function readInvite(
  database: Database,
  text: string,
  browserToken: string | null,
): Promise<PresentedInvite> {
  if (parseCredential(text)?.kind !== 'inviteToken') throw invalidInvite('invite_malformed')
  const hash = sha256(text)
  const [known] = await findInviteToken(database, hash)
  if (!known) throw invalidInvite('invite_unknown')
  const { organizationId: id, organizationName: name, organizationPlan: plan, inviteId } = known
  // Bound to the invite, so that the hashes of one browser's invites have nothing in common.
  const browserHash = browserToken === null ? null : sha256(`${browserToken} ${hash.toString('hex')}`)
  return { organization: { id, name, plan }, inviteId, hash, browserHash }
}

/** Whether the browser that presents a used token is the one that used it. A newer link ends the way back. */
export function isReturning(token: InviteTokenRow, { browserHash }: PresentedInvite): boolean {
  if (!token.usedAt || token.replacedAt || !token.browserHash || !browserHash) return false
  return timingSafeEqual(token.browserHash, browserHash)
}

/** @throws ApiError 401 for a token that does not open its invite for a browser that is new to it */
export function requireOpenInvite(token: InviteTokenRow, status: InviteStatus): void {
  if (status !== 'pending' && status !== 'started') throw invalidInvite(inviteReasons[status])
  if (token.usedAt) throw invalidInvite('invite_used')
  if (token.replacedAt) throw invalidInvite('invite_replaced')
}

/** @throws ApiError 401 where an interview of the campaign cannot begin */
export function requireActiveCampaign(status: string | undefined): void {
  if (status === 'active') return
  throw invalidInvite(campaignReasons[status as keyof typeof campaignReasons] ?? 'campaign_unknown')
}
