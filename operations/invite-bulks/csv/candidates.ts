import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { CandidateCreate } from '../../../schemas/candidates.ts'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { badRequest } from '../../../schemas/errors.ts'
import { ruleOfPattern } from '../../../schemas/visible-text.ts'
import { type Column, readHeader } from './header.ts'
import { CsvLines, type CsvRecord } from './records.ts'
import { looksMisread, textOf, unknownCharacterSet } from './text.ts'

/** Rows of a file at most. */
const MOST_ROWS = 1000

/** Why a row was not done, in the words of the API's errors. */
export interface RowError {
  readonly code: ErrorCode
  readonly message: string
}

/** A row of the file: a candidate, or why it is none. */
export type CsvRow = {
  /** As the spreadsheet numbers it. */
  readonly row: number
  /** As the file writes it, so that people can tell rows apart; null where there is none. */
  readonly email: string | null
} & ({ readonly candidate: CandidateCreate } | { readonly error: RowError })

// Telephones and contact lists copy marks of direction along with a number or a name.
const AROUND = /^[\s\p{Bidi_Control}]+|[\s\p{Bidi_Control}]+$/gu

const ajv = new Ajv({ allErrors: false, strict: false })
addFormats.default(ajv)
const check = ajv.compile<CandidateCreate>(CandidateCreate)

/**
 * Reads candidates from CSV (RFC 4180) as spreadsheets and applicant tracking systems write it: any line ending, quoted
 * cells, commas, semicolons or tabs, `sep=` before the header, empty columns and cells at the end. The header names
 * `email` and `name` (or first and last name), in any order and case; `phone` and `externalId` are known too, and other
 * columns become metadata.
 * @throws ApiError 400 for a file that is no such table, or has more than 1,000 rows
 */
export function readCandidates(file: Buffer): CsvRow[] {
  const { text, isGuess } = textOf(file)
  const lines = new CsvLines(text)
  const header = readHeader(lines)
  const isRecord = (cells: readonly string[]) =>
    'candidate' in readRow(header.columns, { row: 0, cells, text: '' })
  const rows: CsvRow[] = []
  const seen = new Map<string, number>()
  for (const record of lines.records(header.delimiter, isRecord)) {
    if (record.row <= header.row) continue
    if (rows.length === MOST_ROWS) {
      throw badRequest('body.file', `has more than ${MOST_ROWS} rows: send it in parts`)
    }
    const row = readRow(header.columns, record)
    rows.push('candidate' in row ? refuseTwice(seen, row) : row)
    if (isGuess && 'candidate' in row && looksMisread(row.candidate.name)) throw unknownCharacterSet()
  }
  if (rows.length === 0) throw badRequest('body.file', 'has no row below its header')
  return rows
}

function refuseTwice(seen: Map<string, number>, row: CsvRow & { candidate: CandidateCreate }): CsvRow {
  const email = row.candidate.email.toLowerCase()
  const before = seen.get(email)
  if (before !== undefined) {
    return refused(row.row, row.email, `has the e-mail address of row ${before}`, 'CONFLICT')
  }
  seen.set(email, row.row)
  return row
}

function readRow(columns: readonly Column[], { row, cells, text }: CsvRecord): CsvRow {
  if (cells === null) return refused(row, emailIn(text), 'has a stray quotation mark')
  const fields: Partial<Record<string, string>> = {}
  const metadata: Record<string, string> = {}
  let untitled: number | null = null
  for (const [index, cell] of cells.entries()) {
    const column = columns[index] ?? null
    if (cell.trim() === '') continue
    if (column === null) untitled ??= index + 1
    else if ('field' in column) fields[column.field] = cell.replace(AROUND, '')
    else metadata[column.title] = cell
  }
  const {
    email,
    firstName,
    lastName,
    name = [firstName, lastName].filter(Boolean).join(' '),
    ...rest
  } = fields
  const candidate = {
    ...rest,
    ...(email === undefined ? {} : { email }),
    ...(name === '' ? {} : { name }),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  }
  if (untitled !== null) return refused(row, email, `has a value in column ${untitled}, which has no title`)
  if (cells.some((cell) => cell.includes('\u0000'))) {
    return refused(row, email, 'holds the control character U+0000')
  }
  if (check(candidate)) return { row, email: candidate.email, candidate }
  return refused(row, email, explain(check.errors?.[0]))
}

function explain(error: ErrorObject | undefined): string {
  if (error?.keyword === 'required') return `has no ${error.params.missingProperty}`
  const field = error?.instancePath.slice(1).replaceAll('/', '.') || 'metadata'
  if (error?.keyword === 'format') return `${field} is no e-mail address`
  if (error?.keyword === 'pattern')
    return `${field} ${ruleOfPattern[String(error.params.pattern)] ?? 'is not valid'}`
  return `${field} ${error?.message ?? 'is not valid'}`
}

const LONGEST_EMAIL_SHOWN = 254

function refused(
  row: number,
  email: string | null | undefined,
  message: string,
  code: ErrorCode = 'BAD_REQUEST',
): CsvRow {
  // PostgreSQL holds no U+0000.
  const shown = email?.replaceAll('\u0000', '').slice(0, LONGEST_EMAIL_SHOWN) ?? null
  return { row, email: shown, error: { code, message: `Row ${row} ${message}` } }
}

// Of a row whose cells cannot be told apart, the address still tells people which one it is.
function emailIn(text: string): string | null {
  return /[^\s"',;]{1,64}@[^\s"',;@]{1,190}/.exec(text)?.[0] ?? null
}
