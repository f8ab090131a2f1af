import type { Database } from '../../db/connect.ts'
import { findInterviewsOfArchived, findSilentInterviews } from '../../db/queries/interviews.ts'
import { findDueInvites } from '../../db/queries/invites.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { abandonInterview, lockSettledInterview } from './progress.ts'

/**
 * Writes down all expiries, batch by batch, until none is left or the time is over.
 * @param options.batch of each kind at once
 * @param options.longestMs after this no other batch is begun
 */
export async function sweepAllExpiries(
  database: Database,
  publicUrl: string,
  { batch, longestMs }: { batch: number; longestMs: number },
): Promise<{ invites: number; interviews: number }> {
  const until = performance.now() + longestMs
  const all = { invites: 0, interviews: 0 }
  for (;;) {
    const { invites, interviews } = await sweepExpiries(database, publicUrl, {
      organizationId: null,
      limit: batch,
    })
    all.invites += invites
    all.interviews += interviews
    if (Math.max(invites, interviews) < batch || performance.now() > until) return all
  }
}

/**
 * Writes down expiries that nobody has written down yet, with their events: of one organization, or of all. Each is a
 * transaction of its own, so that nobody waits for more than one of them. Any number of processes may do so at once.
 * @param limit of each kind at most; null: all
 * @returns how many of each kind there were
 */
export async function sweepExpiries(
  database: Database,
  publicUrl: string,
  { organizationId, limit }: { organizationId: string | null; limit: number | null },
): Promise<{ invites: number; interviews: number }> {
  const due = await findDueInvites(database, organizationId, limit)
  for (const invite of due) {
    await database.begin((tx) => lockSettledInvite(tx, invite.organizationId, invite.id, publicUrl))
  }
  const silent = await findSilentInterviews(database, organizationId, limit)
  for (const interview of silent) {
    await database.begin((tx) => lockSettledInterview(tx, interview.organizationId, interview.id))
  }
  // A crash came between the archiving of their campaign and their end.
  const archived = await findInterviewsOfArchived(database, { organizationId, campaignId: null, limit })
  for (const interview of archived) {
    await database.begin((tx) => abandonInterview(tx, interview.organizationId, interview.id))
  }
  return { invites: due.length, interviews: silent.length + archived.length }
}
