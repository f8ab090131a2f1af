import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { findSpools, ignoreMissing } from '../access-log/spool.ts'

/** A file of the spool, held open: it can be read though its process deletes it. */
interface HeldSegment {
  readonly name: string
  readonly handle: FileHandle
}

/**
 * The files of the access log's spool, opened before the snapshot of the database and read after it: a record is then in
 * the one or the other. What is in both is written once when the spool is replayed, by its position.
 */
export class SpoolCopy {
  readonly #directory: string
  readonly #held = new Map<string, HeldSegment>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Opens what is there and is not open yet. */
  async hold(): Promise<void> {
    const spools = await findSpools(this.#directory).catch((error) => {
      ignoreMissing(error)
      return new Map()
    })
    for (const { path } of [...spools.values()].flat()) {
      const name = basename(path)
      if (this.#held.has(name)) continue
      const handle = await open(path, 'r').catch(ignoreMissing)
      if (handle) this.#held.set(name, { name, handle })
    }
  }

  /** Reads every file as long as it is now. */
  async *files(): AsyncGenerator<{ name: string; content: Buffer }> {
    for (const { name, handle } of this.#held.values()) yield { name, content: await handle.readFile() }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ handle }) => handle.close()))
  }
}
