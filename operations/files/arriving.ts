import type { Readable } from 'node:stream'
import { DataStore, ERRORS, Upload } from '@tus/server'
import type { Incoming } from './incoming.ts'

/** What is noted beside the bytes of an upload. */
type Notes = Pick<Upload, 'id' | 'size' | 'metadata' | 'creation_date'>

/** The folder where uploads arrive, as the library of the tus protocol wants it. */
export class ArrivingUploads extends DataStore {
  readonly #incoming: Incoming
  readonly #expiresMs: number

  /** @param expiresMs how long an upload may be left unfinished */
  constructor(incoming: Incoming, expiresMs: number) {
    super()
    this.#incoming = incoming
    this.#expiresMs = expiresMs
    this.extensions = [
      'creation',
      'creation-with-upload',
      'creation-defer-length',
      'termination',
      'expiration',
    ]
  }

  override async create(upload: Upload): Promise<Upload> {
    await this.#incoming.create(upload.id)
    await this.#note(upload)
    return upload
  }

  override async write(source: Readable, id: string, offset: number): Promise<number> {
    return offset + (await this.#incoming.append(id, source, offset))
  }

  override async getUpload(id: string): Promise<Upload> {
    const text = await this.#incoming.readNotes(id)
    if (text === null) throw ERRORS.FILE_NOT_FOUND
    const offset = await this.#incoming.sizeOf(id)
    if (offset === null) throw ERRORS.FILE_NO_LONGER_EXISTS
    const { size, metadata, creation_date } = JSON.parse(text) as Notes
    return new Upload({
      id,
      offset,
      ...(size === undefined ? {} : { size }),
      ...(metadata ? { metadata } : {}),
      ...(creation_date ? { creation_date } : {}),
    })
  }

  override async declareUploadLength(id: string, size: number): Promise<void> {
    const upload = await this.getUpload(id)
    upload.size = size
    await this.#note(upload)
  }

  override async remove(id: string): Promise<void> {
    if ((await this.#incoming.sizeOf(id)) === null) throw ERRORS.FILE_NOT_FOUND
    await this.#incoming.discard(id)
  }

  override getExpiration(): number {
    return this.#expiresMs
  }

  #note({ id, size, metadata, creation_date }: Upload): Promise<void> {
    return this.#incoming.writeNotes(id, JSON.stringify({ id, size, metadata, creation_date }))
  }
}
