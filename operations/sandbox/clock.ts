import type { Environment } from '../../config/environment.ts'
import { announceChange } from '../../db/changes.ts'
import type { Database } from '../../db/connect.ts'
import { signalEvents } from '../../db/event-signal.ts'
import { advanceClock, findClock, resetClock } from '../../db/queries/clock.ts'
import { forgetOldRecordings } from '../../db/queries/recording-retention.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import type { Clock } from '../../schemas/sandbox.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { removeBytesSoon } from '../files/remove.ts'
import type { FileStore } from '../files/store.ts'
import { sweepExpiries } from '../interviews/sweep.ts'
import { tellKeyAges } from '../keys/age.ts'

/** Ten years: what is meant to be kept for a long time can be tried too. */
const FURTHEST_SECONDS = 10 * 366 * 86_400

/** What time it is for an organization. */
export async function readClock(tx: TenantTransaction, organizationId: string): Promise<Clock> {
  const [clock] = await findClock(tx, organizationId)
  if (!clock) throw notFound('Organization')
  return clock
}

/**
 * Moves an organization's time ahead. After the commit the caller settles the announced change, and lets what is due come
 * to its end.
 * @throws ApiError 400 for a time more than ten years ahead
 */
export async function moveClock(
  tx: TenantTransaction,
  context: AuditContext,
  environment: Environment,
  seconds: number,
): Promise<Clock> {
  const { organizationId } = context
  const [moved] = await advanceClock(tx, organizationId, seconds, FURTHEST_SECONDS)
  if (!moved)
    throw badRequest('body.advanceSeconds', 'leads more than ten years ahead: reset the clock first')
  const clock = await readClock(tx, organizationId)
  await audit(tx, context, {
    action: 'sandbox.clock_moved',
    targetType: 'organization',
    targetId: organizationId,
    changes: { advanceSeconds: seconds },
  })
  // How long a key has left was cached by the clock before.
  await announceChange(tx, environment, `organization:${organizationId}`)
  return clock
}

/** Sets an organization's time to the real one. What has expired stays so. */
export async function stopClock(
  tx: TenantTransaction,
  context: AuditContext,
  environment: Environment,
): Promise<Clock> {
  const { organizationId } = context
  await resetClock(tx, organizationId)
  const clock = await readClock(tx, organizationId)
  await audit(tx, context, {
    action: 'sandbox.clock_reset',
    targetType: 'organization',
    targetId: organizationId,
  })
  // How long a key has left was cached by the clock before.
  await announceChange(tx, environment, `organization:${organizationId}`)
  return clock
}

/** Lets what is due happen, with its events: invites, interviews, recordings, keys, deliveries. */
export async function letExpire(
  database: Database,
  files: FileStore,
  auditKey: AuditKey,
  organizationId: string,
  publicUrl: string,
): Promise<void> {
  await tellKeyAges(database, auditKey, organizationId)
  await sweepExpiries(database, publicUrl, { organizationId, limit: null })
  await forgetOldRecordings(database, organizationId)
  await signalEvents(database, organizationId)
  await removeBytesSoon(files)
}
