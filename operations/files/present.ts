import type { StoredFileRow } from '../../db/queries/files.ts'
import type { AnswerFileRow } from '../../db/queries/interviews.ts'
import type { File } from '../../schemas/files.ts'
import type { FileLinks } from './links.ts'

declare module '../core/services.ts' {
  interface Services {
    readonly showFile: ShowFile
  }
}

/** Shows a file as the API does, with a fresh link to its content. */
export type ShowFile = (row: StoredFileRow | AnswerFileRow) => File

/** @param publicUrl without a trailing slash */
export function fileShower(links: FileLinks, publicUrl: () => string): ShowFile {
  return (row) => {
    const { id, name, contentType, sizeBytes, sha256, createdAt } = row
    const { query, expiresAt } = links.sign(id)
    return {
      id,
      name,
      contentType,
      sizeBytes,
      sha256: typeof sha256 === 'string' ? sha256 : sha256.toString('hex'),
      createdAt: new Date(createdAt),
      url: `${publicUrl()}/api/files/${id}/content?${query}`,
      urlExpiresAt: expiresAt,
    }
  }
}
