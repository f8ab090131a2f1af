import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const SEGMENT_BYTES = 8 * 1024 * 1024
const LINE_FEED = 10
const NAME = /^([0-9a-f-]{36})\.(\d{1,16})\.log$/

/** A file of a spool: what lies from `start` on, counted in bytes since the spool began. */
export interface Segment {
  readonly spool: string
  readonly start: number
  readonly path: string
}

/** The segments in a folder by spool, each spool's from the oldest on. */
export async function findSpools(directory: string): Promise<Map<string, Segment[]>> {
  const spools = new Map<string, Segment[]>()
  for (const name of await readdir(directory)) {
    const match = NAME.exec(name)
    if (!match) continue
    const segment = { spool: match[1] as string, start: Number(match[2]), path: join(directory, name) }
    spools.set(segment.spool, [...(spools.get(segment.spool) ?? []), segment])
  }
  for (const segments of spools.values()) segments.sort((one, other) => one.start - other.start)
  return spools
}

/**
 * Reads whole lines of a segment from a position of its spool on. A last line without its end is left: the
 * process died while it wrote it, before anyone was answered.
 * @param bytes at most so many, and at least one whole line must fit
 */
export async function readLines(segment: Segment, from: number, bytes: number): Promise<Buffer> {
  const file = await open(segment.path, 'r')
  try {
    return await readWholeLines(file, from - segment.start, bytes)
  } finally {
    await file.close()
  }
}

async function readWholeLines(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  const { bytesRead } = await file.read(buffer, 0, bytes, position)
  return buffer.subarray(0, buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED) + 1)
}

/**
 * The files that one process's records wait in until the database has them. What `append` has taken survives the
 * death of the process by any signal, not that of the machine: nothing is synced to the disk for it.
 */
export class Spool {
  readonly id = randomUUID()
  readonly #directory: string
  #segments: Segment[] = []
  #descriptor: number | null = null
  #end = 0

  /** @throws where the folder can't be made */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Where the next record will stand, in bytes since the spool began. */
  get end(): number {
    return this.#end
  }

  /**
   * Takes whole lines, all of them or none.
   * @throws when the disk is full or broken; what was half written is written over by the next call
   */
  append(lines: Buffer): void {
    let segment = this.#segments.at(-1)
    if (!segment || this.#descriptor === null || this.#end - segment.start >= SEGMENT_BYTES) {
      segment = this.#begin()
    }
    let written = 0
    while (written < lines.length) {
      const at = this.#end - segment.start + written
      written += writeSync(this.#descriptor as number, lines, written, lines.length - written, at)
    }
    this.#end += lines.length
  }

  /**
   * Reads whole lines from a position on; empty where there is none yet.
   * @throws where the file was cut or changed by someone else
   */
  async read(from: number, bytes: number): Promise<Buffer> {
    const segment = this.#segments.findLast((candidate) => candidate.start <= from)
    if (!segment || from >= this.#end) return Buffer.alloc(0)
    const next = this.#segments[this.#segments.indexOf(segment) + 1]
    const lines = await readLines(segment, from, Math.min(bytes, (next?.start ?? this.#end) - from))
    if (lines.length === 0) throw new Error(`${segment.path} has lost what was written to it`)
    return lines
  }

  /** Goes on at a later position: what lies before it reached the database without the disk. */
  skipTo(position: number): void {
    this.#closeFile()
    this.#end = position
  }

  /** Deletes the files whose records are all in the database. */
  async release(before: number): Promise<void> {
    const open = this.#descriptor === null ? null : this.#segments.at(-1)
    const done = this.#segments.filter(
      (segment, index) => segment !== open && (this.#segments[index + 1]?.start ?? this.#end) <= before,
    )
    this.#segments = this.#segments.filter((segment) => !done.includes(segment))
    for (const segment of done) await unlink(segment.path).catch(ignoreMissing)
  }

  /**
   * Puts the records from a position on into a new file where the open one has lost its name: another process took
   * this one for dead, wrote what it found to the database and deleted the file.
   */
  rescue(from: number): void {
    const segment = this.#segments.at(-1)
    if (!segment || this.#descriptor === null || fstatSync(this.#descriptor).nlink > 0) return
    const rest = Buffer.alloc(Math.max(0, this.#end - from))
    readSync(this.#descriptor, rest, 0, rest.length, from - segment.start)
    this.#segments = []
    this.skipTo(from)
    this.append(rest)
  }

  /** Closes the file; it stays for the next process unless `release` has deleted it. */
  close(): void {
    this.#closeFile()
  }

  #begin(): Segment {
    const start = this.#end
    const path = join(this.#directory, `${this.id}.${start}.log`)
    const descriptor = openSync(path, 'w+', 0o600)
    this.#closeFile()
    this.#descriptor = descriptor
    const segment = { spool: this.id, start, path }
    this.#segments.push(segment)
    return segment
  }

  #closeFile(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}

/** For `catch`: a file that is gone already is as good as deleted. */
export function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
