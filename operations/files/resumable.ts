import type * as Tus from '@tus/server'
import { ApiError } from '../../schemas/errors.ts'
import type { ArrivingUploads } from './arriving.ts'
import type { FileStore } from './store.ts'
import type { TakenFile, Wanted } from './take.ts'
import { failureOf, giveUp, LIMIT_BYTES, settleUpload } from './take.ts'

/** How long an upload may be left unfinished, in seconds. */
export const UNFINISHED_SECONDS = 24 * 3600

/** One request of the tus protocol. */
export interface ResumableRequest {
  readonly method: string
  readonly headers: Headers
  /** Null where it has none. */
  readonly body: ReadableStream | null
  /** Of the upload. */
  readonly id: string
  readonly wanted: Wanted
  /** Makes the file that arrived whole an answer. */
  commit(file: TakenFile): Promise<void>
}

/** A request that the library is working on. */
interface UnderWay {
  readonly asked: ResumableRequest
  failure?: unknown
  /** The size of the upload that this request made whole. */
  finishedAt?: number
}

/**
 * Uploads that can be broken off and gone on with: the tus protocol 1.0.0 with creation, creation-with-upload,
 * termination and expiration (https://tus.io/protocols/resumable-upload). What has arrived is an upload like any other:
 * a row that says until when it is waited for, and bytes in the folder of what arrives.
 */
export class ResumableUploads {
  readonly #store: FileStore
  readonly #path: string
  readonly #arriving: ArrivingUploads
  readonly #server: Tus.Server
  readonly #requests = new WeakMap<object, UnderWay>()
  readonly #finishing = new Map<string, Promise<void>>()

  /**
   * Loads the protocol's library, which a start can do without.
   * @param path of the uploads' URLs, without a trailing slash
   */
  static async open(store: FileStore, path: string): Promise<ResumableUploads> {
    const [tus, { ArrivingUploads }] = await Promise.all([import('@tus/server'), import('./arriving.ts')])
    const arriving = new ArrivingUploads(store.incoming, UNFINISHED_SECONDS * 1000)
    return new ResumableUploads(store, path, tus, arriving)
  }

  private constructor(
    store: FileStore,
    path: string,
    { Server, ERRORS }: typeof Tus,
    arriving: ArrivingUploads,
  ) {
    this.#store = store
    this.#path = path
    this.#arriving = arriving
    this.#server = new Server({
      path,
      datastore: this.#arriving,
      relativeLocation: true,
      allowedOrigins: () => false,
      namingFunction: (request) => this.#of(request).asked.id,
      getFileIdFromRequest: (request) => this.#of(request).asked.id,
      maxSize: (request) => LIMIT_BYTES[this.#of(request).asked.wanted.kind],
      onUploadFinish: async (request, upload) => {
        const under = this.#of(request)
        try {
          await this.#finish(under.asked)
          under.finishedAt = upload.offset
        } catch (error) {
          under.failure = error
          throw error
        }
        return {}
      },
      onResponseError: (request, error) => {
        if (error instanceof ApiError) this.#of(request).failure ??= error
        // These are the library's 5xx for what a client asked: only the library's own faults are ours.
        if (error === ERRORS.UNSUPPORTED_CONCATENATION_EXTENSION) return { ...error, status_code: 400 }
        if (error === ERRORS.ERR_LOCK_TIMEOUT) {
          return { status_code: 409, body: 'Another request is writing this upload' }
        }
        return undefined
      },
    })
  }

  /**
   * Does what a request asks for. One that makes an upload has a row already, from `beginUpload`.
   * @returns the protocol's response; 404 where the upload is one no more, be it that it is a file by now
   * @throws ApiError 413, 415 and whatever `commit` throws, where the file was whole and is not taken
   */
  async handle(asked: ResumableRequest): Promise<Response> {
    if (asked.method === 'HEAD' && (await this.#finishLate(asked))) return new Response(null, { status: 404 })
    const { method, headers, body } = asked
    const request = new Request(`http://localhost/${asked.id}`, {
      method,
      headers,
      ...(body ? { body, duplex: 'half' } : {}),
    } as RequestInit)
    const under: UnderWay = { asked }
    this.#requests.set(request, under)
    const response = await this.#server.handleWeb(request)
    if (under.failure) {
      under.failure = await failureOf(this.#store, asked.id, under.failure)
      // Who was never told where the upload is can't go on with it.
      if (method === 'POST') await giveUp(this.#store, asked.id, under.failure)
      throw under.failure
    }
    // After a POST that brought the whole file, the library looks for the upload once more, and it is a file by then.
    if (method === 'POST' && under.finishedAt !== undefined) return this.#created(asked.id, under.finishedAt)
    const ended = (method === 'DELETE' && response.ok) || (method === 'POST' && !response.ok)
    if (ended) await giveUp(this.#store, asked.id)
    return response
  }

  #created(id: string, offset: number): Response {
    const headers = { location: `${this.#path}/${id}`, 'upload-offset': String(offset) }
    return new Response(null, { status: 201, headers })
  }

  #of(request: object) {
    const under = this.#requests.get(request)
    if (!under) throw new Error('a request that was not handed to handle()')
    return under
  }

  // The process may have died, or the database been away, between the last byte and the answer.
  async #finishLate(asked: ResumableRequest): Promise<boolean> {
    const upload = await this.#arriving.getUpload(asked.id).catch((error) => {
      if (error instanceof ApiError) throw error
      return null
    })
    const isWhole = upload?.size !== undefined && upload.size === upload.offset
    // Begun meanwhile: its bytes are on their way, and where they are looked for there is nothing.
    if (!isWhole && !this.#finishing.has(asked.id)) return false
    await this.#finish(asked)
    return true
  }

  /** Once at a time: who asks meanwhile waits for the same outcome. */
  #finish(asked: ResumableRequest): Promise<void> {
    const running = this.#finishing.get(asked.id)
    if (running) return running
    const work = this.#settle(asked).finally(() => this.#finishing.delete(asked.id))
    this.#finishing.set(asked.id, work)
    return work
  }

  async #settle({ id, wanted, commit }: ResumableRequest): Promise<void> {
    const upload = await this.#arriving.getUpload(id)
    const name = upload.metadata?.filename ?? undefined
    try {
      const received = await this.#store.incoming.measure(this.#store.incoming.path(id))
      await settleUpload(this.#store, wanted, id, received, name, commit)
      await this.#store.incoming.discard(id)
    } catch (cause) {
      const error = await failureOf(this.#store, id, cause)
      // What failed for want of a database is tried again when the client asks how far it is.
      if (error instanceof ApiError && error.statusCode < 500) await giveUp(this.#store, id)
      throw error
    }
  }
}
