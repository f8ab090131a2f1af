import { badRequest } from '../../../schemas/errors.ts'
import type { CsvLines } from './records.ts'

type Known = 'email' | 'name' | 'firstName' | 'lastName' | 'phone' | 'externalId'

/** What a column holds. */
export type Column =
  | { readonly field: Known }
  /** Kept in the candidate's metadata under its title. */
  | { readonly title: string }
  /** It has no title, so it must be empty. */
  | null

/** How the file parts its cells, and what its columns hold. */
export interface CsvHeader {
  readonly delimiter: string
  readonly row: number
  readonly columns: readonly Column[]
}

// Titles of spreadsheets and of applicant tracking systems. A Map: a title may be `constructor`.
const known = new Map<string, Known>([
  ['email', 'email'],
  ['emailaddress', 'email'],
  ['candidateemail', 'email'],
  ['candidateemailaddress', 'email'],
  ['name', 'name'],
  ['fullname', 'name'],
  ['candidatename', 'name'],
  ['firstname', 'firstName'],
  ['givenname', 'firstName'],
  ['candidatefirstname', 'firstName'],
  ['lastname', 'lastName'],
  ['familyname', 'lastName'],
  ['surname', 'lastName'],
  ['candidatelastname', 'lastName'],
  ['phone', 'phone'],
  ['phonenumber', 'phone'],
  ['candidatephone', 'phone'],
  ['externalid', 'externalId'],
])

// Excel takes the list separator of the computer's country; "Unicode Text" has tabs.
const DELIMITERS = [',', ';', '\t']
const LONGEST_TITLE = 100
// Numbers writes the table's name before it, reports write a title.
const ROWS_BEFORE = 10

/**
 * Finds the row that names the columns: one of the first rows with both `email` and `name`, parted by whatever makes
 * these columns of it.
 * @throws ApiError 400 where there is no such row, or a title that cannot be kept
 */
export function readHeader(lines: CsvLines): CsvHeader {
  const delimiters = lines.separator === null ? DELIMITERS : [lines.separator]
  const headers = delimiters.map((delimiter) => findHeader(lines, delimiter))
  const found = headers.reduce((best, header) => (worth(header) > worth(best) ? header : best))
  requireColumns(found)
  return found
}

interface Found extends CsvHeader {
  readonly titles: readonly string[]
}

function findHeader(lines: CsvLines, delimiter: string): Found {
  let first: Found | undefined
  let tried = 0
  for (const { row, cells } of lines.records(delimiter)) {
    const titles = (cells ?? []).map((title) => title.trim())
    const header = { delimiter, row, titles, columns: columnsOf(titles) }
    if (has(header.columns, 'email') && hasName(header.columns)) return header
    first ??= header
    tried += 1
    if (tried === ROWS_BEFORE) break
  }
  if (first) return first
  throw badRequest('body.file', 'is empty: its first line names the columns, email and name at least')
}

function columnsOf(titles: readonly string[]): Column[] {
  const columns = titles.map(columnOf)
  if (!has(columns, 'name')) return columns
  // The whole name has a column of its own: its parts are kept as they are.
  return columns.map((column, index) =>
    isField(column, 'firstName') || isField(column, 'lastName') ? { title: titles[index] as string } : column,
  )
}

function columnOf(title: string): Column {
  if (title === '') return null
  const field = known.get(title.toLowerCase().replace(/[\s_()-]/g, ''))
  return field ? { field } : { title }
}

// Both columns decide, then the number of columns.
function worth({ columns }: Found): number {
  return 1000 * (Number(has(columns, 'email')) + Number(hasName(columns))) + Math.min(columns.length, 999)
}

function requireColumns({ columns, titles }: Found): void {
  const list = titles.join(', ').slice(0, 200)
  if (!has(columns, 'email')) {
    throw badRequest('body.file', `has no column email: its first line is ${list}`)
  }
  if (!hasName(columns)) {
    throw badRequest(
      'body.file',
      `has no column name (or first name and last name): its first line is ${list}`,
    )
  }
  const seen = new Set<string>()
  for (const [index, column] of columns.entries()) {
    const title = titles[index] as string
    if (column === null) continue
    const name = 'field' in column ? column.field : `metadata.${title}`
    if (seen.has(name)) throw badRequest('body.file', `has two columns ${title}`)
    seen.add(name)
    // JSON readers take this name for the object's own parent, and drop it.
    if (title === '__proto__') throw badRequest('body.file', 'has a column __proto__: give it another title')
    if (title.includes('\u0000'))
      throw badRequest('body.file', 'has a title with the control character U+0000')
    if (title.length > LONGEST_TITLE) {
      throw badRequest(
        'body.file',
        `has a title of more than ${LONGEST_TITLE} characters: ${title.slice(0, 50)}…`,
      )
    }
  }
}

function hasName(columns: readonly Column[]): boolean {
  return has(columns, 'name') || (has(columns, 'firstName') && has(columns, 'lastName'))
}

function has(columns: readonly Column[], field: Known): boolean {
  return columns.some((column) => isField(column, field))
}

function isField(column: Column, field: Known): boolean {
  return column !== null && 'field' in column && column.field === field
}
