import { sweepAllExpiries } from '../operations/interviews/sweep.ts'
import type { Work } from './work.ts'

/** Every minute: whoever looks at an invite or an interview sees its expiry at once; this is for who waits for the event. */
export const EXPIRIES_CRON = '* * * * *'

const BATCH = 500
/** The next run comes after a minute. */
const LONGEST_MS = 50_000

/** Writes down which invites have expired and which interviews silence has paused or ended. */
export const expiries: Work = async ({ database, publicUrl, log }) => {
  const swept = await sweepAllExpiries(database, publicUrl(), { batch: BATCH, longestMs: LONGEST_MS })
  if (swept.invites + swept.interviews > 0) log.info({ swept }, 'expiries written down')
}
