import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import { Decrypter } from 'age-encryption'
import { extract, type Pack, pack } from 'tar-stream'
import { encrypterFor, type RecoveryKey } from './recovery-key.ts'

/** Gathers what an archive holds, an entry after the other. */
export class ArchiveWriter {
  readonly #pack: Pack

  constructor(pack: Pack) {
    this.#pack = pack
  }

  /** Adds a small entry. */
  async add(name: string, content: Buffer | string): Promise<void> {
    const bytes = Buffer.from(content)
    await this.addStream(name, bytes.length, [bytes])
  }

  /**
   * Adds an entry as it comes.
   * @param sizeBytes exactly as much as there comes
   */
  addStream(
    name: string,
    sizeBytes: number,
    content: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = this.#pack.entry({ name, size: sizeBytes, mode: 0o600 }, (error) =>
        error ? reject(error) : resolve(),
      )
      entry.on('error', reject)
      const source = Readable.from(content, { objectMode: false })
      source.once('error', (error) => {
        entry.destroy(error)
        reject(error)
      })
      source.pipe(entry)
    })
  }
}

/**
 * Writes an archive: a tar file within an age file (https://age-encryption.org/v1: ChaCha20-Poly1305 in numbered chunks,
 * of which the last one is marked). `age --decrypt … | tar --extract` reads it too.
 * @param path of a new file
 * @param recipient `age1…`
 * @param fill adds the entries
 * @returns its size in bytes
 */
export async function writeArchive(
  path: string,
  recipient: string,
  fill: (archive: ArchiveWriter) => Promise<void>,
): Promise<number> {
  const encrypter = encrypterFor(recipient)
  const packed = pack()
  const filled = fill(new ArchiveWriter(packed)).then(
    () => packed.finalize(),
    (error: Error) => {
      packed.destroy(error)
      throw error
    },
  )
  // Both are told of below.
  filled.catch(() => {})
  packed.on('error', () => {})
  const encrypted = await encrypter.encrypt(webStream(packed))
  const written = pipeline(encrypted, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }))
  // What went wrong while it was filled says more than that the stream broke off.
  await Promise.all([filled, written.catch((error) => filled.then(() => Promise.reject(error)))])
  return (await stat(path)).size
}

/** An entry of an archive that is being read. */
export interface ArchiveEntry {
  readonly name: string
  readonly sizeBytes: number
  readonly content: AsyncIterable<Buffer>
}

/**
 * Reads an archive from its beginning to its end, an entry after the other.
 * @param onEntry need not read the content
 * @throws Error in words for the operator, when the key is not the one of the archive, or the archive is damaged,
 *   truncated or none; whatever `onEntry` throws
 */
export async function readArchive(
  source: Readable,
  key: RecoveryKey,
  onEntry: (entry: ArchiveEntry) => Promise<void>,
): Promise<void> {
  const decrypter = new Decrypter()
  // The library asks one identity after the other until one opens the header.
  const asked = { first: false, last: false }
  decrypter.addIdentity({ unwrapFileKey: () => noteAsked('first') })
  decrypter.addIdentity(key.secret)
  decrypter.addIdentity({ unwrapFileKey: () => noteAsked('last') })
  const noteAsked = (which: keyof typeof asked) => {
    asked[which] = true
    return null
  }
  const failed: { source?: unknown; archive?: unknown; entry?: unknown } = {}
  try {
    const watched = telling(source, (error) => {
      failed.source = error
    })
    const plain = await decrypter.decrypt(webStream(watched))
    const entries = extract()
    const fed = pipeline(
      telling(plain, (error) => {
        failed.archive = error
      }),
      entries,
    )
    fed.catch(() => {})
    for await (const entry of entries) {
      const { name, size = 0 } = entry.header
      const content = entry as AsyncIterable<unknown> as AsyncIterable<Buffer>
      await onEntry({ name, sizeBytes: size, content }).catch((error) => {
        failed.entry = error
        throw error
      })
      entry.resume()
    }
    await fed
  } catch (error) {
    source.destroy()
    // What broke first made the others fail.
    if (failed.source !== undefined) throw failed.source
    if (failed.archive === undefined && failed.entry !== undefined) throw failed.entry
    throw new Error(reasonOf(asked), { cause: error })
  }
}

async function* telling<T>(source: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* source
  } catch (error) {
    onError(error)
    throw error
  }
}

/** Why an archive cannot be read, for the operator. */
function reasonOf(asked: { first: boolean; last: boolean }): string {
  if (!asked.first) return 'This is no backup of Anteroom, or its beginning is damaged'
  if (asked.last) return 'The recovery key is not the one of this archive'
  return 'The archive is damaged or truncated'
}

function webStream(source: AsyncIterable<unknown>): globalThis.ReadableStream<Uint8Array> {
  return ReadableStream.from(source) as unknown as globalThis.ReadableStream<Uint8Array>
}
