import { setTimeout as wait } from 'node:timers/promises'
import { type AccessRecord, findAccessRecord } from '../../db/queries/access-log.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { notFound } from '../../schemas/errors.ts'
import { idTime } from '../../schemas/id-time.ts'
import type { AccessLog } from './access-log.ts'

/** Any process has written what it spooled by then. */
const SETTLED_MS = 1500
const LOOK_AGAIN_MS = 150

/**
 * The record of one request of an organization. One that is still in the spool of this process is written first;
 * one that another process may hold yet is waited for.
 * @throws ApiError 404 where the organization has no such request
 */
export async function findRecord(
  tenancy: Tenancy,
  log: AccessLog,
  organizationId: string,
  id: string,
): Promise<AccessRecord> {
  const settled = idTime(id) + SETTLED_MS
  const look = () => tenancy.read(organizationId, (tx) => findAccessRecord(tx, organizationId, id))
  if (Date.now() < settled) await log.flush()
  let [record] = await look()
  while (!record && Date.now() < settled && idTime(id) <= Date.now()) {
    await wait(LOOK_AGAIN_MS)
    ;[record] = await look()
  }
  if (!record) throw notFound('Request')
  return record
}
