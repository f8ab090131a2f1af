/** What went wrong with the embedded PostgreSQL, in one line that a person can act on. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError'
}

/** The PostgreSQL or Node error code of a failure (`57P03`, `ECONNREFUSED`), or `''`. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

/** Any failure as an {@link EmbeddedError}; the message is folded into one line. */
export function asEmbeddedError(error: unknown, folder: string): EmbeddedError {
  if (error instanceof EmbeddedError) return error
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
  const advice =
    codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
      ? ` (does ${folder} belong to another user? Run as that user, or set DATA_DIR or DATABASE_URL)`
      : ''
  return new EmbeddedError(`Embedded PostgreSQL in ${folder}: ${message}${advice}`, { cause: error })
}
