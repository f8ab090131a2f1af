import { CsvError, parse } from 'csv-parse/sync'

/** A row as a spreadsheet numbers it: the header is usually row 1, and empty rows count. */
export interface CsvRecord {
  readonly row: number
  /** Null where a quotation mark stands where none may be. */
  readonly cells: readonly string[] | null
  /** Its first line. */
  readonly text: string
}

/** Longer records are taken for the work of a stray quotation mark. */
const LONGEST_RECORD = 64 * 1024
const LINE_ENDS = ['\r\n', '\n', '\r']

/** The lines of a file, without what Excel puts before the first (`sep=;`). */
export class CsvLines {
  readonly #lines: string[]
  /** After each line, whatever ended it. */
  readonly #ends: string[]
  /** For each line, the next one from it on that holds an odd number of quotation marks. */
  readonly #odd: number[]
  /** What `sep=` names, or null. */
  readonly separator: string | null

  constructor(text: string) {
    const parts = text.split(/(\r\n|\n|\r)/)
    const separator = /^"?sep=(.)"?$/i.exec(parts[0] ?? '')?.[1] ?? null
    const from = separator === null ? 0 : 2
    this.separator = separator
    this.#lines = parts.filter((_, index) => index >= from && index % 2 === 0)
    this.#ends = parts.filter((_, index) => index >= from && index % 2 === 1)
    this.#odd = new Array(this.#lines.length)
    let odd = Number.POSITIVE_INFINITY
    for (let index = this.#lines.length - 1; index >= 0; index -= 1) {
      if (hasOddQuotes(this.#lines[index] as string)) odd = index
      this.#odd[index] = odd
    }
  }

  /**
   * Reads record by record, and passes over empty ones. A quoted cell may go on over several lines. Where that gives no
   * record, or swallows lines that are records themselves, the quotation mark is stray: its line alone is refused.
   * @param isRecord whether a line is a record on its own
   */
  *records(delimiter: string, isRecord: (cells: readonly string[]) => boolean = () => false) {
    let row = 0
    for (let at = 0; at < this.#lines.length; ) {
      row += 1
      const end = this.#endOf(at)
      let cells = end === null ? null : readCells(this.#join(at, end), delimiter)
      const spans = cells !== null && end !== null && end > at
      if (spans && this.#lines.slice(at + 1, end + 1).some((line) => isRecordLine(line))) cells = null
      const text = this.#lines[at] as string
      at = cells === null ? at + 1 : (end as number) + 1
      if (cells?.every((cell) => cell.trim() === '')) continue
      yield { row, cells, text } satisfies CsvRecord
    }

    function isRecordLine(line: string): boolean {
      const cells = readCells(line, delimiter)
      return cells !== null && isRecord(cells)
    }
  }

  // A line with an odd number of quotation marks leaves one open, up to the next such line.
  #endOf(at: number): number | null {
    if (this.#odd[at] !== at) return at
    const end = this.#odd[at + 1] ?? Number.POSITIVE_INFINITY
    return Number.isFinite(end) ? end : null
  }

  #join(from: number, to: number): string {
    let text = this.#lines[from] as string
    for (let index = from; index < to && text.length <= LONGEST_RECORD; index += 1) {
      text += (this.#ends[index] as string) + (this.#lines[index + 1] as string)
    }
    return text
  }
}

/** The cells of one record, or null where it is none. */
function readCells(text: string, delimiter: string): string[] | null {
  if (text.length > LONGEST_RECORD) return null
  if (!text.includes('"')) return text.split(delimiter).map((cell) => cell.trim())
  try {
    const records = parse(text, {
      delimiter,
      trim: true,
      relax_column_count: true,
      record_delimiter: LINE_ENDS,
    })
    return records.length === 1 ? (records[0] as string[]) : null
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    return null
  }
}

function hasOddQuotes(line: string): boolean {
  let odd = false
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) odd = !odd
  return odd
}
