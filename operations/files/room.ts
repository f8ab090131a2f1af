import type { Queryable } from '../../db/connect.ts'
import { holdStorage, storedBytes } from '../../db/queries/files.ts'
import { findOrganization } from '../../db/queries/organizations.ts'
import { ApiError } from '../../schemas/errors.ts'
import { storageLimitOf } from '../plans/plans.ts'
import type { FileStore } from './store.ts'

/**
 * Makes sure that an organization has room for so many more bytes of files. Of several uploads at once that end at the
 * limit, each counts those that became files before it: they take turns from here to their commits.
 * @param bytes 0 before an upload begins, when its size is not known
 * @throws ApiError 403 that names the limit
 */
export async function requireStorage(
  { storagePerOrganization }: FileStore,
  tx: Queryable,
  organizationId: string,
  bytes: number,
): Promise<void> {
  const [organization] = await findOrganization(tx, organizationId)
  const limit = storageLimitOf(organization?.plan ?? 'free', storagePerOrganization)
  if (limit === null) return
  if (bytes > 0) await holdStorage(tx, organizationId)
  const [stored] = await storedBytes(tx, organizationId)
  if ((stored?.bytes ?? 0) + Math.max(bytes, 1) <= limit) return
  throw new ApiError('FORBIDDEN', `The files of the organization may have ${limit} bytes in all`, {
    reason: 'storage_limit',
    details: [{ path: 'organization.limits.storageBytes', message: `is ${limit}` }],
    hint: 'Delete files that you do not need, or choose a plan with more space',
  })
}
