import type { Environment } from '../../config/environment.ts'
import { connectOnce, type Database } from '../../db/connect.ts'
import { forgetSpool, spoolPosition, tryHoldSpool } from '../../db/queries/access-log.ts'
import { Outage } from '../core/outage.ts'
import { formatRecord, type RequestRecord } from './record.ts'
import { replaySpools } from './replay.ts'
import { Spool } from './spool.ts'
import { storeLines } from './store.ts'

const FLUSH_MS = 500
const RETRY_MS = 1000
const REPLAY_MS = 30_000
const BATCH_BYTES = 1024 * 1024
const CLOSE_MS = 1000

/** What an access log needs. */
export interface AccessLogOptions {
  /** Of the system's login, past a pooler. */
  readonly databaseUrl: string
  readonly environment: Environment
  /** The folder that the processes of one environment share, where they share one at all. */
  readonly directory: string
  /** Told of what goes wrong behind the requests' back: of an outage once. */
  readonly onError: (error: unknown, message: string) => void
  /** Told of the end of an outage. */
  readonly onRecovery?: (message: string) => void
  /** Bytes that may wait for the database on the disk; default 512 MiB, about 1.7 million records. */
  readonly spoolBytes?: number
  /** Bytes that may wait in memory while the disk takes none; default 8 MiB. */
  readonly memoryBytes?: number
}

/**
 * The access log. A record is in the spool before its response leaves, and in the database within a second; the
 * records of one event-loop turn share one write, and their responses leave together after it.
 */
export class AccessLog {
  readonly #options: AccessLogOptions
  readonly #spoolBytes: number
  readonly #memoryBytes: number
  readonly #spool: Spool
  readonly #database: Database
  readonly #tick = () => this.#spoolTurn()
  // Of this event-loop turn.
  #lines = ''
  #answers: (() => void)[] = []
  // What the disk would not take.
  #kept = Buffer.alloc(0)
  #committed = 0
  /** Since when at the latest a record has waited for the database, on the monotonic clock; null: none waits. */
  #behindSince: number | null = null
  readonly #diskOutage: Outage
  readonly #databaseOutage: Outage
  #held = false
  #storing = false
  #draining: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #replaying: NodeJS.Timeout | undefined
  #closed = false

  /** @throws where the folder can't be made */
  constructor(options: AccessLogOptions) {
    this.#options = options
    this.#spoolBytes = options.spoolBytes ?? 512 * 1024 * 1024
    this.#memoryBytes = options.memoryBytes ?? 8 * 1024 * 1024
    this.#spool = new Spool(options.directory)
    this.#diskOutage = this.#outage(
      'the spool takes no records: they are kept in memory until the database has them',
      'the spool takes records again',
    )
    this.#databaseOutage = this.#outage(
      'access log not written: it waits in the spool',
      'the access log is written again',
    )
    // The lock that says «alive» is the connection's: one connection, and word when it is lost.
    this.#database = connectOnce(options.databaseUrl, options.environment, () => {
      this.#held = false
    })
  }

  /** Takes hold of the spool, and writes what dead processes have left; goes on doing so in the background. */
  async start(): Promise<void> {
    await this.#hold()
    await this.replay()
    this.#replaying = setInterval(() => void this.replay(), REPLAY_MS)
    this.#replaying.unref()
  }

  /**
   * Whether nothing more can be kept: the database has been away for so long that the spool is full, or disk and
   * database are both away. Requests are to be refused then, as a request that leaves no record is none that may
   * be served.
   */
  get full(): boolean {
    return this.#kept.length > this.#memoryBytes || this.#spool.end - this.#committed > this.#spoolBytes
  }

  /** How many bytes of records wait for the database. */
  get waitingBytes(): number {
    return this.#tail - this.#committed
  }

  /** For how long the oldest record that waits has waited for the database, in milliseconds. */
  get lagMs(): number {
    return this.#behindSince === null ? 0 : performance.now() - this.#behindSince
  }

  /** Takes a record; `answer` is called once it would survive the death of the process. */
  record(record: RequestRecord, answer: () => void): void {
    if (this.#answers.length === 0) setImmediate(this.#tick)
    this.#lines += formatRecord(record)
    this.#answers.push(answer)
  }

  /** Takes a record at once. For replies that no hook can hold back: it costs a write of its own. */
  recordNow(record: RequestRecord): void {
    this.#lines += formatRecord(record)
    this.#spoolTurn()
  }

  /** Resolves when every record taken so far is in the database; rejects where the database can't be reached. */
  async flush(): Promise<void> {
    this.#spoolTurn()
    const target = this.#tail
    while (this.#committed < target) await this.#drain()
  }

  /** Writes what dead processes have left. */
  async replay(): Promise<void> {
    const { directory, onError } = this.#options
    try {
      if (!this.#held) return
      await replaySpools(this.#database, directory, this.#spool.id, BATCH_BYTES, this.#onDamage)
    } catch (error) {
      if (!this.#closed) onError(error, 'spools of other processes not replayed')
    }
  }

  /** Writes what is left to the database, or leaves it in the spool for the next process where that takes too long. */
  async close(): Promise<void> {
    clearInterval(this.#replaying)
    const late = new Promise<false>((resolve) => {
      setTimeout(resolve, CLOSE_MS, false).unref()
    })
    const flushed = this.flush().then(() => this.#forget())
    await Promise.race([flushed, late]).catch((error) => {
      this.#options.onError(error, 'access log left in the spool: the next start writes it to the database')
    })
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#database.end({ timeout: 0 })
    this.#spool.close()
  }

  #outage(begins: string, ends: string): Outage {
    const { onError, onRecovery } = this.#options
    return new Outage(
      (error) => onError(error, begins),
      () => onRecovery?.(ends),
    )
  }

  get #tail(): number {
    return this.#spool.end + this.#kept.length
  }

  #onDamage = (error: unknown) => {
    this.#options.onError(error, 'a damaged record of the access log was left out')
  }

  #spoolTurn(): void {
    const answers = this.#answers
    if (this.#lines !== '') {
      const lines = Buffer.from(this.#lines)
      this.#lines = ''
      this.#answers = []
      this.#behindSince ??= performance.now()
      this.#keep(lines)
      this.#timer ??= setTimeout(this.#flushQuietly, FLUSH_MS)
    }
    for (const answer of answers) answer()
  }

  #keep(lines: Buffer): void {
    // While kept records are on their way to the database, the place of later ones in the spool is not known.
    if (this.#storing) {
      this.#kept = Buffer.concat([this.#kept, lines])
      return
    }
    try {
      this.#spool.append(this.#kept.length === 0 ? lines : Buffer.concat([this.#kept, lines]))
      this.#kept = Buffer.alloc(0)
      this.#diskOutage.worked()
    } catch (error) {
      this.#diskOutage.failed(error)
      this.#kept = Buffer.concat([this.#kept, lines])
    }
  }

  #flushQuietly = () => {
    this.#timer = undefined
    const worked = () => this.#databaseOutage.worked()
    this.flush().then(worked, (error) => {
      if (this.#closed) return
      this.#databaseOutage.failed(error)
      this.#timer ??= setTimeout(this.#flushQuietly, RETRY_MS)
    })
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#drainTo(this.#tail).finally(() => {
      this.#draining = undefined
    })
    return this.#draining
  }

  async #drainTo(target: number): Promise<void> {
    const began = performance.now()
    if (!this.#held) await this.#hold()
    while (this.#committed < target) {
      if (this.#committed < this.#spool.end) {
        this.#committed = await this.#store(await this.#spool.read(this.#committed, BATCH_BYTES))
      } else {
        await this.#storeKept()
      }
      await this.#spool.release(this.#committed)
    }
    // What has come meanwhile came after this began.
    this.#behindSince = this.#committed < this.#tail ? began : null
  }

  #store(lines: Buffer): Promise<number> {
    return storeLines(this.#database, this.#spool.id, this.#committed, lines, this.#onDamage)
  }

  async #storeKept(): Promise<void> {
    const kept = this.#kept
    this.#kept = Buffer.alloc(0)
    this.#storing = true
    try {
      this.#committed = await this.#store(kept)
      this.#spool.skipTo(this.#committed)
    } catch (error) {
      this.#kept = Buffer.concat([kept, this.#kept])
      throw error
    } finally {
      this.#storing = false
    }
  }

  async #hold(): Promise<void> {
    if (!(await tryHoldSpool(this.#database, this.#spool.id))) {
      throw new Error('another process is replaying the spool of this one')
    }
    this.#held = true
    const position = await spoolPosition(this.#database, this.#spool.id)
    this.#committed = position
    this.#spool.rescue(position)
  }

  async #forget(): Promise<void> {
    this.#spool.close()
    await this.#spool.release(this.#spool.end)
    await forgetSpool(this.#database, this.#spool.id)
  }
}
