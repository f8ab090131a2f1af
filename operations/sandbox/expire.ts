import { signalEvents } from '../../db/event-signal.ts'
import { forgetOldRecordings } from '../../db/queries/recording-retention.ts'
import type { Context } from '../core/operation.ts'
import { removeBytesSoon } from '../files/remove.ts'
import { sweepExpiries } from '../interviews/sweep.ts'
import { tellKeyAges } from '../keys/age.ts'

/**
 * Lets everything expire that is due in an organization, with its events: invites, interviews, recordings, keys,
 * deliveries. Each step has its own transactions.
 */
export async function letExpire({ organizationId, services }: Context): Promise<void> {
  const { database, auditKey, files } = services
  await tellKeyAges(database, auditKey, organizationId)
  await sweepExpiries(database, services.publicUrl(), { organizationId, limit: null })
  await forgetOldRecordings(database, organizationId)
  await signalEvents(database, organizationId)
  await removeBytesSoon(files)
}
