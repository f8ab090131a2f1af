import { dropLogPartitions, ensureLogPartitions } from '../db/queries/access-log.ts'
import { forgetOldEvents } from '../db/queries/events.ts'
import { sweepKeptResponses } from '../db/queries/idempotency.ts'
import { forgetOldBulks } from '../db/queries/invite-bulks.ts'
import { forgetOldUsage } from '../db/queries/key-usage.ts'
import { sweepMailAllowances } from '../db/queries/mail-allowances.ts'
import { forgetOldRecordings } from '../db/queries/recording-retention.ts'
import { forgetEndedSessions } from '../db/queries/sessions.ts'
import { EVENTS_KEPT_DAYS } from '../operations/events/emit.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import type { Work } from './work.ts'

/** Every hour: a day that is over is dropped as soon as it is too old, whenever the process was started. */
export const RETENTION_CRON = '17 * * * *'

/** By then every bucket is full again (operations/mail/kinds.ts). */
const MAIL_ALLOWANCE_DAYS = 3

const ENDED_SESSIONS_KEPT_DAYS = 30

/**
 * Drops the days of the access log that are older than `LOG_RETENTION_DAYS` and makes the coming ones; forgets events,
 * kept responses, tokens and sessions that nobody can use or ask for any more, and recordings for which their
 * organization's time is over.
 */
export const retention: Work = async ({ config, database, files, log }) => {
  await ensureLogPartitions(database)
  const dropped = await dropLogPartitions(database, config.logRetentionDays)
  await forgetOldUsage(database, config.logRetentionDays)
  await sweepMailAllowances(database, MAIL_ALLOWANCE_DAYS)
  await forgetOldEvents(database, EVENTS_KEPT_DAYS)
  await sweepKeptResponses(database)
  await forgetOldBulks(database)
  await forgetEndedSessions(database, ENDED_SESSIONS_KEPT_DAYS)
  const recordings = await forgetOldRecordings(database, null)
  if (recordings.count > 0) {
    await removeBytesSoon(files)
    log.info({ recordings: recordings.count }, 'old recordings removed')
  }
  if (dropped > 0) log.info({ days: dropped }, 'old days of the access log dropped')
}
