import { createHash } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '../../schemas/errors.ts'
import { onStorage } from './failure.ts'
import { openTarget } from './target.ts'

/** One measurement of an upload, or of a part of one, while it arrives. Its context holds the bytes so far. */
const uploadChannel = tracingChannel('anteroom:upload')

/** What has arrived whole. */
export interface Received {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: Buffer
}

/**
 * The folder where uploads arrive, one file an id, before anything is believed of them. What is here belongs to an
 * upload under way or to nobody. All that fails here is told as 503: see `onStorage`.
 */
export class Incoming {
  readonly folder: string

  /** @param folder absolute path */
  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes the folder. */
  async open(): Promise<void> {
    await onStorage(() => mkdir(this.folder, { recursive: true, mode: 0o700 }))
  }

  path(id: string): string {
    return join(this.folder, id)
  }

  /** Where a better copy of what has arrived is written. */
  copyPath(id: string): string {
    return `${this.path(id)}.copy`
  }

  /**
   * Writes a stream as it comes, never faster than the disk takes it, and counts and hashes it on the way. What fails
   * half-way is removed.
   * @param limitBytes how much the file may hold
   * @throws ApiError 413 as soon as there is more; 503 where the storage fails; whatever the
   *   stream itself fails with
   */
  async receive(id: string, source: Readable, limitBytes: number): Promise<Received> {
    const path = this.path(id)
    const hash = createHash('sha256')
    const arriving = { bytes: 0 }
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        arriving.bytes += chunk.length
        if (arriving.bytes > limitBytes) return done(tooLarge(limitBytes))
        hash.update(chunk)
        done(null, chunk)
      },
    })
    try {
      const target = await openTarget(path, 'wx')
      await uploadChannel.tracePromise(() => pipeline(source, meter, target), arriving)
      return { path, sizeBytes: arriving.bytes, sha256: hash.digest() }
    } catch (error) {
      // What can't be removed now is left to the sweep.
      await this.discard(id).catch(() => {})
      throw error
    }
  }

  /** Makes an empty file for an upload that comes in parts. */
  async create(id: string): Promise<void> {
    await onStorage(() => writeFile(this.path(id), '', { mode: 0o600 }))
  }

  /**
   * Writes a part of an upload. What has been written of it stays, so that the next part goes on from there.
   * @param offset where the part begins, in bytes
   * @returns how many bytes it had
   */
  async append(id: string, source: Readable, offset: number): Promise<number> {
    const arriving = { bytes: 0 }
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        arriving.bytes += chunk.length
        done(null, chunk)
      },
    })
    const target = await openTarget(this.path(id), 'r+', offset)
    await uploadChannel.tracePromise(() => pipeline(source, meter, target), arriving)
    return arriving.bytes
  }

  /** How much has arrived of an upload, in bytes; null where there is none. */
  sizeOf(id: string): Promise<number | null> {
    return onStorage(() => stat(this.path(id)).then(({ size }) => size, nullIfMissing))
  }

  /** What is noted beside an upload; null where there is none. */
  readNotes(id: string): Promise<string | null> {
    return onStorage(() => readFile(this.#notes(id), 'utf8').catch(nullIfMissing))
  }

  /** Notes something beside an upload, all of it or nothing. */
  async writeNotes(id: string, text: string): Promise<void> {
    const path = this.#notes(id)
    const half = `${path}.half`
    await onStorage(async () => {
      try {
        await writeFile(half, text, { mode: 0o600 })
        await rename(half, path)
      } catch (error) {
        await rm(half, { force: true }).catch(() => {})
        throw error
      }
    })
  }

  /** Counts and hashes what arrived in parts, or was written here. */
  async measure(path: string): Promise<Received> {
    const hash = createHash('sha256')
    let sizeBytes = 0
    await onStorage(async () => {
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        sizeBytes += chunk.length
      }
    })
    return { path, sizeBytes, sha256: hash.digest() }
  }

  /** Removes what has arrived of an upload, with what is beside it. */
  async discard(id: string): Promise<void> {
    await onStorage(async () => {
      await rm(this.path(id), { force: true })
      await rm(this.#notes(id), { force: true })
      await rm(this.copyPath(id), { force: true })
    })
  }

  /** The ids of all that is here. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => [])
    return [...new Set(names.map((name) => name.replace(/\.(json|copy)$/, '')))]
  }

  #notes(id: string): string {
    return `${this.path(id)}.json`
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

/** 413 that names the limit. */
export function tooLarge(limitBytes: number): ApiError {
  return new ApiError(
    'PAYLOAD_TOO_LARGE',
    `The file is too large: at most ${limitBytes / 1024 / 1024} MiB are taken`,
    { reason: 'file_too_large' },
  )
}
