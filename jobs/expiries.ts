import { findSilentInterviews } from '../db/queries/interviews.ts'
import { findDueInvites } from '../db/queries/invites.ts'
import { lockSettledInterview } from '../services/interviews/progress.ts'
import { lockSettledInvite } from '../services/invites/expire.ts'
import type { Work } from './work.ts'

/** Every minute: whoever looks at an invite or an interview sees its expiry at once; this is for who waits for the event. */
export const EXPIRIES_CRON = '* * * * *'

const BATCH = 500

/** Writes down which invites have expired and which interviews silence has paused or ended; one transaction for each. */
export const expiries: Work = async ({ database, publicUrl, log }) => {
  const due = await findDueInvites(database, null, BATCH)
  for (const { organizationId, id } of due) {
    await database.begin((tx) => lockSettledInvite(tx, organizationId, id, publicUrl()))
  }
  const silent = await findSilentInterviews(database, null, BATCH)
  for (const { organizationId, id } of silent) {
    await database.begin((tx) => lockSettledInterview(tx, organizationId, id))
  }
  if (due.length + silent.length > 0) {
    log.info({ invites: due.length, interviews: silent.length }, 'expiries written down')
  }
}
