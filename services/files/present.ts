import type { StoredFileRow } from '../../db/queries/files.ts'
import type { File } from '../../schemas/files.ts'
import type { FileLinks } from './links.ts'

/**
 * A file as the API shows it, with a fresh link to its content.
 * @param publicUrl without a trailing slash
 */
export function presentFile(row: StoredFileRow, links: FileLinks, publicUrl: string): File {
  const { query, expiresAt } = links.sign(row.id)
  return {
    id: row.id,
    name: row.name,
    contentType: row.contentType,
    sizeBytes: row.sizeBytes,
    sha256: row.sha256.toString('hex'),
    createdAt: row.createdAt,
    url: `${publicUrl}/api/files/${row.id}/content?${query}`,
    urlExpiresAt: expiresAt,
  }
}
