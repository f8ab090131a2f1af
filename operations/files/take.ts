import { Readable } from 'node:stream'
import { statesOfFiles } from '../../db/queries/file-removals.ts'
import {
  countFiles,
  deleteOtherUploads,
  deleteUpload,
  type FileOwner,
  finishUpload,
  holdCandidate,
  insertUpload,
  prolongUpload,
  type StoredFileRow,
} from '../../db/queries/files.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { whyOf } from '../core/why.ts'
import { type Detected, detect, type FileKind, formsOf } from './content/detect.ts'
import { isStorageFailure, onStorage } from './failure.ts'
import type { Received } from './incoming.ts'
import { readRecording } from './media/recordings.ts'
import { displayName } from './names.ts'
import { removeBytesSoon } from './remove.ts'
import { requireStorage } from './room.ts'
import { type FileStore, keyOf } from './store.ts'

const MEBIBYTE = 1024 * 1024

/** How large a file may be, in bytes. */
export const LIMIT_BYTES: Record<FileKind, number> = {
  document: 10 * MEBIBYTE,
  audio: 200 * MEBIBYTE,
  video: 200 * MEBIBYTE,
}

/** How many documents a candidate may have. */
export const MOST_DOCUMENTS = 20
/** How many uploads may be under way to one interview. */
const MOST_UPLOADS = 5

const LEASE_SECONDS = 120
const PROLONG_MS = 30_000

/** A file to take in: whose it is, and what it should be. */
export interface Wanted {
  readonly organizationId: string
  readonly owner: FileOwner
  readonly kind: FileKind
}

/** What arrived, and the name that its sender gave it. */
export interface Arrived {
  readonly received: Received
  readonly name: string | undefined
}

/** A file that was just stored. */
export interface KeptFile extends StoredFileRow {
  /** Of a recording, in seconds; null where it cannot be read. */
  readonly duration: number | null
}

/**
 * A file whose bytes are safe, as the input of the operation that keeps it. Its JSON is what an `Idempotency-Key` stands
 * for: the content, since no two multipart bodies are alike.
 */
export interface TakenFile {
  /** Of the content, in hex. */
  readonly sha256: string
  /** Makes the upload a file, in the transaction of whatever refers to it. */
  readonly keep: Keep
}

export type Keep = (tx: TenantTransaction) => Promise<KeptFile>

/**
 * Takes a file in. The row is there before the first byte and becomes a file in the transaction of `commit`, once its
 * bytes are safe: whenever the process dies, what it leaves is found by its row, and nothing refers to bytes that are
 * not there. Whatever fails leaves nothing.
 *
 * @param arrive writes the file to `store.incoming` under the id
 * @param commit calls `file.keep` within its transaction; where it does not, as a kept response is replayed, the file goes
 * @throws ApiError 404 for a candidate that is not there, 409 for too many or one that was given up, 413, 415; whatever `arrive` and `commit` throw
 */
export async function takeFile<T>(
  store: FileStore,
  tenancy: Tenancy,
  wanted: Wanted,
  arrive: (id: string) => Promise<Arrived>,
  commit: (file: TakenFile) => Promise<T>,
): Promise<T> {
  const id = await beginUpload(store, tenancy, wanted, { seconds: LEASE_SECONDS })
  const prolong = setInterval(() => {
    prolongUpload(store.database, id, LEASE_SECONDS).catch(() => {})
  }, PROLONG_MS)
  let failure: unknown
  try {
    const { received, name } = await arrive(id)
    return await settleUpload(store, wanted, id, received, name, commit)
  } catch (error) {
    failure = await failureOf(store, id, error)
    throw failure
  } finally {
    clearInterval(prolong)
    await giveUp(store, id, failure)
  }
}

/**
 * Writes the row of an upload that begins.
 * @param lease how long it may go without a sign of life; `alone`: whatever else is under way to its question is given up
 * @returns its id
 */
export async function beginUpload(
  store: FileStore,
  tenancy: Tenancy,
  { organizationId, owner }: Wanted,
  lease: { seconds: number; alone?: boolean },
): Promise<string> {
  const id = newId('file')
  // The folder may have been missing at the start, or emptied by hand since.
  await store.incoming.open()
  await tenancy.write(organizationId, async (tx) => {
    if (lease.alone) await deleteOtherUploads(tx, organizationId, owner)
    const [held] = await holdCandidate(tx, organizationId, owner.candidateId)
    if (!held) throw notFound('Candidate')
    await requireStorage(store, tx, organizationId, 0)
    const [count] = await countFiles(tx, organizationId, owner)
    if (owner.interviewId === null && (count?.documents ?? 0) >= MOST_DOCUMENTS) {
      throw new ApiError('CONFLICT', `A candidate has at most ${MOST_DOCUMENTS} files: delete one first`)
    }
    if ((count?.uploads ?? 0) >= MOST_UPLOADS) {
      throw new ApiError('CONFLICT', `At most ${MOST_UPLOADS} uploads at once to one interview`)
    }
    await insertUpload(tx, organizationId, id, owner, { name: '', leaseSeconds: lease.seconds })
  })
  return id
}

/** Looks at what has arrived, brings the bytes to their place, and has the row become a file. */
export async function settleUpload<T>(
  store: FileStore,
  { organizationId, kind }: Wanted,
  id: string,
  received: Received,
  name: string | undefined,
  commit: (file: TakenFile) => Promise<T>,
): Promise<T> {
  const { contentType, form } = await contentOf(received, kind)
  const arrived = { received, duration: null }
  const { received: stored, duration } =
    kind === 'document' ? arrived : await readRecording(store, id, received)
  const { sizeBytes, sha256 } = stored
  const key = keyOf(store, organizationId, id)
  await store.storage.adopt(key, stored.path, sizeBytes)
  const uploadedBytes = received.sizeBytes
  const facts = { name: displayName(name, form), contentType, sizeBytes, uploadedBytes, sha256 }
  const keep: Keep = async (tx) => {
    await requireStorage(store, tx, organizationId, sizeBytes)
    const [row] = await finishUpload(tx, organizationId, id, facts)
    if (!row) throw givenUp()
    return { ...row, duration }
  }
  const outcome = await commit({ sha256: sha256.toString('hex'), keep })
  // Where a copy was stored, what arrived is still there. The sweep finds what cannot be removed now.
  if (stored !== received) await store.incoming.discard(id).catch(() => {})
  return outcome
}

async function contentOf({ path, sizeBytes }: Received, kind: FileKind): Promise<Detected> {
  if (sizeBytes === 0) throw new ApiError('BAD_REQUEST', 'The file is empty', { reason: 'file_empty' })
  const detected = await onStorage(() => detect(path, kind))
  if (detected) return detected
  throw new ApiError('UNSUPPORTED_MEDIA_TYPE', `The file's content is not ${formsOf[kind]}`, {
    reason: 'file_type',
  })
}

function givenUp(cause?: unknown): ApiError {
  return new ApiError(
    'CONFLICT',
    'The upload was given up: it took too long, or what it belongs to was deleted',
    {
      cause,
    },
  )
}

/**
 * Says why an upload failed. Whoever deletes an upload's row, such as a reset, an erasure, a later upload or the sweep,
 * removes its bytes too, also while they arrive. Then the storage is well, and the upload was given up.
 * @returns ApiError 409 in that case, and otherwise the error itself
 */
export async function failureOf(store: FileStore, id: string, error: unknown): Promise<unknown> {
  if (!isStorageFailure(error)) return error
  try {
    const [row] = await statesOfFiles(store.database, [id])
    return row ? error : givenUp(error)
  } catch {
    // Without a database nobody knows: the storage did fail.
    return error
  }
}

/**
 * Gives an upload up; one that has become a file stays as it is. Never throws: the sweep finds what it leaves.
 * @param failure why: a storage that has just failed is not asked to remove anything
 */
export async function giveUp(store: FileStore, id: string, failure?: unknown): Promise<void> {
  try {
    const { count } = await deleteUpload(store.database, id)
    if (count > 0 && !isStorageFailure(failure)) await removeBytesSoon(store)
  } catch (error) {
    store.log.error({ why: whyOf(error), file: id }, 'an upload is left to the sweep')
  }
}

/** What is made here instead of sent: hands it to `takeFile` as something that arrives. */
export function arriving(store: FileStore, content: Buffer, name: string) {
  return async (id: string): Promise<Arrived> => ({
    received: await store.incoming.receive(id, Readable.from([content]), content.length),
    name,
  })
}
