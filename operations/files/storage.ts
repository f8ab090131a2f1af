import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { platform } from 'node:process'
import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Disk } from 'flydrive'
import type { BucketLocation, FolderLocation, StorageLocation } from '../../config/storage.ts'
import { onStorage, storageFailed } from './failure.ts'

/** Bytes `start` to `end`, both included, of a file. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

// An attempt that meets silence ends after this; a connection is made in less, or there is nobody.
const SILENCE_MS = 5000
const CONNECT_MS = 3000
const TRIES = 2

/**
 * Where the bytes of uploads are kept. A key names one file; a file is written once and never changed. All that fails
 * here is told as 503: see `onStorage`.
 */
export interface FileStorage {
  /** Moves a finished file of this machine in. Once it resolves, the bytes outlive a power cut. */
  adopt(key: string, path: string, sizeBytes: number): Promise<void>
  /** Writes a small file whole. Once it resolves, it outlives a power cut. */
  write(key: string, text: string): Promise<void>
  /** @throws ApiError 503 also where the file is not there: a row says that it should be */
  read(key: string, range: ByteRange): Promise<Readable>
  has(key: string): Promise<boolean>
  /** Removes a file; one that is not there is no error. */
  remove(key: string): Promise<void>
  /** The keys below `prefix`, which ends in `/`. */
  keys(prefix: string): AsyncIterable<string>
  /** The names of the folders directly below `prefix`, which ends in `/`. */
  folders(prefix: string): AsyncIterable<string>
  close(): void
}

/** Opens what `STORAGE_URL` names. Libraries are loaded when they are first used: a start needs none of them. */
export async function openStorage(location: StorageLocation): Promise<FileStorage> {
  return new Guarded(location.kind === 'folder' ? new FolderStorage(location) : await openBucket(location))
}

/** Tells every failure of a storage as the same one. */
class Guarded implements FileStorage {
  readonly #storage: FileStorage

  constructor(storage: FileStorage) {
    this.#storage = storage
  }

  adopt(key: string, path: string, sizeBytes: number): Promise<void> {
    return onStorage(() => this.#storage.adopt(key, path, sizeBytes))
  }

  write(key: string, text: string): Promise<void> {
    return onStorage(() => this.#storage.write(key, text))
  }

  read(key: string, range: ByteRange): Promise<Readable> {
    return onStorage(() => this.#storage.read(key, range))
  }

  has(key: string): Promise<boolean> {
    return onStorage(() => this.#storage.has(key))
  }

  remove(key: string): Promise<void> {
    return onStorage(() => this.#storage.remove(key))
  }

  keys(prefix: string): AsyncIterable<string> {
    return guardEach(this.#storage.keys(prefix))
  }

  folders(prefix: string): AsyncIterable<string> {
    return guardEach(this.#storage.folders(prefix))
  }

  close(): void {
    this.#storage.close()
  }
}

async function* guardEach(names: AsyncIterable<string>): AsyncIterable<string> {
  try {
    yield* names
  } catch (error) {
    throw storageFailed(error)
  }
}

/** What both kinds do alike, through flydrive. */
abstract class DiskStorage implements FileStorage {
  readonly #open: () => Promise<Disk>
  readonly #prefix: string
  #disk: Promise<Disk> | undefined

  constructor(open: () => Promise<Disk>, prefix: string) {
    this.#open = open
    this.#prefix = prefix
  }

  protected disk(): Promise<Disk> {
    this.#disk ??= this.#open()
    return this.#disk
  }

  abstract adopt(key: string, path: string, sizeBytes: number): Promise<void>
  abstract write(key: string, text: string): Promise<void>
  abstract read(key: string, range: ByteRange): Promise<Readable>
  abstract close(): void

  async has(key: string): Promise<boolean> {
    return (await this.disk()).exists(this.whole(key))
  }

  async remove(key: string): Promise<void> {
    await (await this.disk()).delete(this.whole(key))
  }

  async *keys(prefix: string): AsyncIterable<string> {
    for await (const item of this.#list(prefix, true)) {
      if (item.isFile) yield item.key.slice(this.#prefix.length)
    }
  }

  async *folders(prefix: string): AsyncIterable<string> {
    for await (const item of this.#list(prefix, false)) {
      if (!item.isFile) yield item.prefix.slice(this.#prefix.length + prefix.length)
    }
  }

  async *#list(prefix: string, recursive: boolean) {
    const disk = await this.disk()
    let paginationToken: string | undefined
    do {
      const page = await disk.listAll(this.#prefix + prefix, {
        recursive,
        ...(paginationToken ? { paginationToken } : {}),
      })
      yield* page.objects
      paginationToken = page.paginationToken
    } while (paginationToken)
  }

  /** The whole key, as the store knows it. */
  protected whole(key: string): string {
    return this.#prefix + key
  }
}

class FolderStorage extends DiskStorage {
  readonly #folder: string

  constructor({ folder }: FolderLocation) {
    super(async () => {
      const [{ Disk }, { FSDriver }] = await Promise.all([import('flydrive'), import('flydrive/drivers/fs')])
      return new Disk(new FSDriver({ location: folder, visibility: 'private' }))
    }, '')
    this.#folder = folder
  }

  async adopt(key: string, path: string): Promise<void> {
    const target = join(this.#folder, key)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    // On the disk before it is said to be there: a row must not outlive its bytes in a power cut.
    await flush(path, 'r+')
    await rename(path, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error
      await copy(path, target)
    })
    // The name is in the folder's own block: without this a power cut may lose it. Windows has no such thing.
    if (platform !== 'win32') await flush(dirname(target), 'r')
  }

  // Beside its place first: nobody ever reads half of it.
  async write(key: string, text: string): Promise<void> {
    const beside = join(this.#folder, `${key}.${randomUUID()}.part`)
    await mkdir(dirname(beside), { recursive: true, mode: 0o700 })
    await writeFile(beside, text, { mode: 0o600 })
    await this.adopt(key, beside)
  }

  async read(key: string, { start, end }: ByteRange): Promise<Readable> {
    // Opened before anything is answered: what is not there is an error then, and not a broken answer.
    const handle = await open(join(this.#folder, key), 'r')
    return handle.createReadStream({ start, end })
  }

  close(): void {}
}

// From another disk. A copy that fails half-way, as where there is no room, leaves nothing.
async function copy(path: string, target: string): Promise<void> {
  try {
    await copyFile(path, target)
    await flush(target, 'r+')
  } catch (error) {
    await rm(target, { force: true }).catch(() => {})
    throw error
  }
  await rm(path)
}

async function flush(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openBucket(location: BucketLocation): Promise<FileStorage> {
  const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3')
  const [{ Disk }, { S3Driver }] = await Promise.all([import('flydrive'), import('flydrive/drivers/s3')])
  const { bucket, region, endpoint, pathStyle, credentials, prefix } = location
  const client: S3Client = new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
    // Stores of other makers know none of the newer checksums; what arrives is checked by its SHA-256 here.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // By itself it would wait for ever.
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
    maxAttempts: TRIES,
    // It writes to the console by itself; what fails is thrown, and told of where it is caught.
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  const driver = new S3Driver({ client, bucket, visibility: 'private', supportsACL: false })

  class BucketStorage extends DiskStorage {
    async adopt(key: string, path: string, sizeBytes: number): Promise<void> {
      const content = createReadStream(path)
      try {
        await (await this.disk()).putStream(this.whole(key), content, {
          contentLength: sizeBytes,
          contentType: 'application/octet-stream',
        })
      } finally {
        // What was not sent keeps the file open otherwise.
        content.destroy()
      }
      await rm(path)
    }

    async write(key: string, text: string): Promise<void> {
      await (await this.disk()).put(this.whole(key), text, { contentType: 'application/octet-stream' })
    }

    async read(key: string, { start, end }: ByteRange): Promise<Readable> {
      const answer = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: this.whole(key), Range: `bytes=${start}-${end}` }),
      )
      return answer.Body as Readable
    }

    close(): void {
      client.destroy()
    }
  }
  return new BucketStorage(async () => new Disk(driver), prefix)
}
