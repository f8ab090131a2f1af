import { sweepExpiries } from '../operations/interviews/sweep.ts'
import type { Work } from './work.ts'

/** Every minute: whoever looks at an invite or an interview sees its expiry at once; this is for who waits for the event. */
export const EXPIRIES_CRON = '* * * * *'

const BATCH = 500

/** Writes down which invites have expired and which interviews silence has paused or ended. */
export const expiries: Work = async ({ database, publicUrl, log }) => {
  const swept = await sweepExpiries(database, publicUrl(), { organizationId: null, limit: BATCH })
  if (swept.invites + swept.interviews > 0) log.info({ swept }, 'expiries written down')
}
