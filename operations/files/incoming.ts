import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '../../schemas/errors.ts'

// Longer than a lost connection takes to come back, shorter than anyone waits who pays for open ones.
const PATIENCE_MS = 60_000

/** What has arrived whole. */
export interface Received {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: Buffer
}

/**
 * The folder where uploads arrive, one file an id, before anything is believed of them. What is here belongs to an
 * upload under way or to nobody.
 */
export class Incoming {
  readonly folder: string

  /** @param folder absolute path */
  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes the folder. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
  }

  path(id: string): string {
    return join(this.folder, id)
  }

  /**
   * Writes a stream as it comes, never faster than the disk takes it, and counts and hashes it on the way. What fails
   * half-way is removed.
   * @param limitBytes how much the file may hold
   * @param patienceMs how long nothing may come
   * @throws ApiError 413 as soon as there is more; 400 where it stands still; 503 where the disk is full; whatever the
   *   stream itself fails with
   */
  async receive(
    id: string,
    source: Readable,
    limitBytes: number,
    patienceMs = PATIENCE_MS,
  ): Promise<Received> {
    const path = this.path(id)
    const hash = createHash('sha256')
    let sizeBytes = 0
    const patience = setTimeout(() => source.destroy(stoodStill(patienceMs)), patienceMs)
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        patience.refresh()
        sizeBytes += chunk.length
        if (sizeBytes > limitBytes) return done(tooLarge(limitBytes))
        hash.update(chunk)
        done(null, chunk)
      },
    })
    try {
      await pipeline(source, meter, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
      return { path, sizeBytes, sha256: hash.digest() }
    } catch (error) {
      await this.discard(id)
      throw isFull(error)
        ? new ApiError('UNAVAILABLE', 'There is no room for files', { cause: error })
        : error
    } finally {
      clearTimeout(patience)
    }
  }

  /** Counts and hashes what arrived in parts. */
  async measure(id: string): Promise<Received> {
    const path = this.path(id)
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      sizeBytes += chunk.length
    }
    return { path, sizeBytes, sha256: hash.digest() }
  }

  /** Removes what has arrived of an upload, with the notes beside it. */
  async discard(id: string): Promise<void> {
    await rm(this.path(id), { force: true })
    await rm(`${this.path(id)}.json`, { force: true })
  }

  /** The ids of all that is here. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => [])
    return [...new Set(names.map((name) => name.replace(/\.json$/, '')))]
  }
}

function stoodStill(patienceMs: number): ApiError {
  return new ApiError('BAD_REQUEST', `Nothing of the file came for ${patienceMs / 1000} s`, {
    reason: 'upload_stood_still',
  })
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** 413 that names the limit. */
export function tooLarge(limitBytes: number): ApiError {
  return new ApiError(
    'PAYLOAD_TOO_LARGE',
    `The file is too large: at most ${limitBytes / 1024 / 1024} MiB are taken`,
    { reason: 'file_too_large' },
  )
}
