import type { Queryable } from '../../db/connect.ts'
import type { CandidateRow } from '../../db/queries/candidates.ts'
import { hasCompleted } from '../../db/queries/invites.ts'
import { ApiError } from '../../schemas/errors.ts'
import { lockActiveCampaign } from '../campaigns/active.ts'
import { findOrCreateCandidate } from '../candidates/find-or-create.ts'
import { type Inviting, issueInvite, requireNoOpenInvite } from '../invites/issue.ts'
import { admitMail } from '../invites/mail.ts'
import type { CsvRow, RowError } from './csv/candidates.ts'

/** What holds of every invite of a file. */
export interface BulkOptions {
  readonly sendEmail: boolean
  /** Null: as the campaign says. */
  readonly expiresInHours: number | null
}

/** What became of a row: as the spreadsheet numbers it, with the e-mail address, so that no link goes to the wrong person. */
export type BulkResult = { readonly row: number; readonly email: string | null } & (
  | { readonly status: 'invited'; readonly inviteId: string; readonly token: string }
  | { readonly status: 'error'; readonly error: RowError }
)

/**
 * Invites the candidates of some rows, in order. A row is whole or an error. Whatever else goes wrong throws, and the
 * caller's transaction leaves nothing. Candidates come first and in one order, so that two files at once do not wait for
 * each other in a circle.
 */
export async function inviteRows(
  inviting: Inviting,
  campaignId: string,
  rows: readonly CsvRow[],
  options: BulkOptions,
): Promise<BulkResult[]> {
  const { tx, organization, services } = inviting
  if (options.sendEmail) services.mailer.requireMail()
  const candidates = await candidatesOf(tx, organization.id, rows)
  const campaign = await lockActiveCampaign(tx, organization.id, campaignId)
  const hours = options.expiresInHours ?? campaign.inviteValidHours
  const results: BulkResult[] = []
  for (const line of rows) {
    const { row, email } = line
    const candidate = candidates.get(row)
    if ('error' in line || !candidate) {
      results.push({ row, email, status: 'error', error: 'error' in line ? line.error : erased })
      continue
    }
    try {
      await requireNoOpenInvite(tx, campaign, candidate)
      await requireNotCompleted(tx, organization.id, campaignId, candidate.id)
      if (options.sendEmail) await admitMail(inviting, campaign, candidate)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const { code, message } = error
      results.push({ row, email, status: 'error', error: { code, message } })
      continue
    }
    const { sendEmail } = options
    const { id: inviteId, token } = await issueInvite(inviting, campaign, candidate, { hours, sendEmail })
    results.push({ row, email, status: 'invited', inviteId, token })
  }
  return results
}

const erased: RowError = { code: 'CONFLICT', message: 'The candidate was erased meanwhile' }

async function candidatesOf(tx: Queryable, organizationId: string, rows: readonly CsvRow[]) {
  const wanted = rows.flatMap((row) => ('candidate' in row ? [row] : []))
  wanted.sort((one, other) =>
    one.candidate.email.toLowerCase() < other.candidate.email.toLowerCase() ? -1 : 1,
  )
  const found = new Map<number, CandidateRow>()
  for (const { row, candidate } of wanted) {
    found.set(row, await findOrCreateCandidate(tx, organizationId, candidate))
  }
  return found
}

// The same list sent again, with some people more, must not ask those who have answered.
async function requireNotCompleted(
  tx: Queryable,
  organizationId: string,
  campaignId: string,
  candidateId: string,
) {
  const [completed] = await hasCompleted(tx, organizationId, campaignId, candidateId)
  if (!completed) return
  throw new ApiError(
    'CONFLICT',
    `This candidate has completed ${completed.id}: invite them one by one to ask again`,
  )
}
