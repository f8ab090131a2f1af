import { deleteFiles, findFile, type StoredFileRow } from '../../db/queries/files.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'

/** @throws ApiError 404 where the organization has no such file */
export async function getFile(tenancy: Tenancy, organizationId: string, id: string): Promise<StoredFileRow> {
  const [row] = await tenancy.read(organizationId, (tx) => findFile(tx, organizationId, id))
  if (row?.state !== 'stored') throw notFound('File')
  return row as StoredFileRow
}

/**
 * Deletes a candidate's document. Its bytes are noted for removal.
 * @throws ApiError 404; 409 for the recording of an answer, which goes with its interview
 */
export async function deleteDocument(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<void> {
  const [row] = await findFile(tx, organizationId, id)
  if (row?.state !== 'stored') throw notFound('File')
  if (row.interviewId !== null) {
    throw new ApiError('CONFLICT', 'A recording belongs to its answer and goes with the candidate')
  }
  await deleteFiles(tx, organizationId, [id])
}
