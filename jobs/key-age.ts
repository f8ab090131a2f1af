import { AuditKey } from '../operations/audit/key.ts'
import { tellKeyAges } from '../operations/keys/age.ts'
import type { Work } from './work.ts'

/** Every hour, at a minute of its own. */
export const KEY_AGE_CRON = '17 * * * *'

/** Tells of keys that are due for rotation, and of those that expire soon. */
export const keyAge: Work = async ({ database, encryptionKey, log }) => {
  const told = await tellKeyAges(database, new AuditKey(encryptionKey))
  if (told.rotationDue + told.expiring > 0) log.info({ told }, 'keys told of for their age')
}
