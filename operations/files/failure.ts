import { ApiError } from '../../schemas/errors.ts'

const RETRY_SECONDS = '10'

/**
 * Does something with the storage or the folder where uploads arrive. Whatever fails in it is the storage's fault: it is
 * full, read-only, broken or out of reach. No caller can do anything about it but try again.
 * @throws ApiError 503; one that is thrown within goes through
 */
export async function onStorage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageFailed(error)
  }
}

const bugs = [TypeError, RangeError, ReferenceError, SyntaxError]

/** The same for an error that has been caught already. A bug of ours stays what it is. */
export function storageFailed(cause: unknown): unknown {
  if (cause instanceof ApiError || bugs.some((bug) => cause instanceof bug)) return cause
  return new ApiError('UNAVAILABLE', 'The file storage is unavailable: try again later', {
    reason: 'storage_unavailable',
    headers: { 'retry-after': RETRY_SECONDS },
    cause,
  })
}

/** Whether a request failed because of the storage. */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'storage_unavailable'
}
