import type { Bytes } from './bytes.ts'

// Compound File Binary (MS-CFB, 2.2): where the header says things.
const SIGNATURE = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const HEADER_BYTES = 512
const SECTOR_SHIFT_AT = 30
const FIRST_DIRECTORY_AT = 48
const FIRST_DIFAT_AT = 68
const DIFAT_AT = 76
const SHIFTS = [9, 12]
/** Sector numbers from here on are marks: the end of a chain, or none at all. */
const LARGEST_SECTOR = 0xfffffffa

// 2.6.1: directory entries.
const ENTRY_BYTES = 128
const NAME_LENGTH_AT = 64
const TYPE_AT = 66
const LEFT_AT = 68
const RIGHT_AT = 72
const CHILD_AT = 76
const STREAM = 2
const ROOT = 5
const NO_ENTRY = 0xffffffff

/** Whether a file is a Word document of before 2007: a compound file whose root holds a stream `WordDocument` (MS-DOC, 2.1.1). */
export async function isWordBinary(bytes: Bytes): Promise<boolean> {
  const header = await bytes.read(0, HEADER_BYTES)
  if (header.length < HEADER_BYTES || !header.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return false
  const shift = header.readUInt16LE(SECTOR_SHIFT_AT)
  if (!SHIFTS.includes(shift)) return false
  const sectors = new Sectors(bytes, 2 ** shift, header)
  const directory = await sectors.chain(header.readUInt32LE(FIRST_DIRECTORY_AT))
  return rootStreams(directory).includes('WordDocument')
}

/** The sectors of a compound file, and the table (FAT) that chains them. */
class Sectors {
  readonly #bytes: Bytes
  readonly #size: number
  readonly #header: Buffer
  #table: Promise<Buffer[]> | undefined

  constructor(bytes: Bytes, size: number, header: Buffer) {
    this.#bytes = bytes
    this.#size = size
    this.#header = header
  }

  /** The content of a chain, as far as it goes. */
  async chain(first: number): Promise<Buffer> {
    this.#table ??= this.#readTable()
    const table = await this.#table
    const content: Buffer[] = []
    const seen = new Set<number>()
    for (let sector = first; sector < LARGEST_SECTOR && !seen.has(sector); ) {
      seen.add(sector)
      const part = await this.#read(sector)
      if (part.length === 0) break
      content.push(part)
      const entries = this.#size / 4
      const page = table[Math.floor(sector / entries)]
      const at = (sector % entries) * 4
      sector = page && at + 4 <= page.length ? page.readUInt32LE(at) : NO_ENTRY
    }
    return Buffer.concat(content)
  }

  // The header names the first 109 sectors of the table, and a chain of sectors names the rest.
  async #readTable(): Promise<Buffer[]> {
    const numbers = numbersOf(this.#header.subarray(DIFAT_AT))
    const seen = new Set<number>()
    for (let next = this.#header.readUInt32LE(FIRST_DIFAT_AT); next < LARGEST_SECTOR && !seen.has(next); ) {
      seen.add(next)
      const more = numbersOf(await this.#read(next))
      next = more.pop() ?? NO_ENTRY
      numbers.push(...more)
    }
    const used = numbers.filter((number) => number < LARGEST_SECTOR)
    return Promise.all(used.map((number) => this.#read(number)))
  }

  // The header takes the place of the sector before the first.
  #read(sector: number): Promise<Buffer> {
    const at = (sector + 1) * this.#size
    return at < this.#bytes.size ? this.#bytes.read(at, this.#size) : Promise.resolve(Buffer.alloc(0))
  }
}

function numbersOf(sector: Buffer): number[] {
  return Array.from({ length: Math.floor(sector.length / 4) }, (_, index) => sector.readUInt32LE(index * 4))
}

/** The names of the streams directly in the root: a document within a spreadsheet is in a folder of its own. */
function rootStreams(directory: Buffer): string[] {
  const entry = (id: number) => directory.subarray(id * ENTRY_BYTES, (id + 1) * ENTRY_BYTES)
  const root = entry(0)
  if (root.length < ENTRY_BYTES || root[TYPE_AT] !== ROOT) return []
  const names: string[] = []
  const open = [root.readUInt32LE(CHILD_AT)]
  const seen = new Set<number>()
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const found = entry(id)
    if (found.length < ENTRY_BYTES || seen.has(id)) continue
    seen.add(id)
    const length = Math.min(found.readUInt16LE(NAME_LENGTH_AT), NAME_LENGTH_AT)
    if (found[TYPE_AT] === STREAM) names.push(found.toString('utf16le', 0, Math.max(0, length - 2)))
    open.push(found.readUInt32LE(LEFT_AT), found.readUInt32LE(RIGHT_AT))
  }
  return names
}
