import { isUtf8 } from 'node:buffer'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { CsvError, parse } from 'csv-parse/sync'
import { CandidateCreate } from '../../schemas/candidates.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { badRequest } from '../../schemas/errors.ts'

/** Rows of a file at most. */
const MOST_ROWS = 1000

/** Why a row was not done, in the words of the API's errors. */
export interface RowError {
  readonly code: ErrorCode
  readonly message: string
}

/** A row of the file: a candidate, or why it is none. The first one below the header is row 1. */
export type CsvRow =
  | { readonly row: number; readonly candidate: CandidateCreate }
  | { readonly row: number; readonly error: RowError }

const known: Record<string, 'email' | 'name' | 'phone' | 'externalId'> = {
  email: 'email',
  emailaddress: 'email',
  name: 'name',
  fullname: 'name',
  phone: 'phone',
  externalid: 'externalId',
}

const ajv = new Ajv({ allErrors: false, strict: false })
addFormats.default(ajv)
const check = ajv.compile<CandidateCreate>(CandidateCreate)

/**
 * Reads candidates from CSV (RFC 4180): UTF-8 with or without a byte order mark, any line ending, quoted fields, commas or
 * semicolons. The header names `email` and `name`, in any order and case; `phone` and `externalId` are known too, and what
 * stands in other columns becomes metadata.
 * @throws ApiError 400 for a file that is no such table, or has more than 1,000 rows
 */
export function readCandidates(file: Buffer): CsvRow[] {
  if (!isUtf8(file)) throw badRequest('body.file', 'is not UTF-8')
  const [header, ...rows] = readTable(file)
  if (!header)
    throw badRequest('body.file', 'is empty: its first line names the columns, email and name at least')
  const columns = readHeader(header)
  if (rows.length === 0) throw badRequest('body.file', 'has no row below its header')
  if (rows.length > MOST_ROWS) {
    throw badRequest('body.file', `has ${rows.length} rows: ${MOST_ROWS} is the most`)
  }
  const seen = new Map<string, number>()
  return rows.map((cells, index) => {
    const parsed = readRow(columns, cells, index + 1)
    if ('error' in parsed) return parsed
    const email = parsed.candidate.email.toLowerCase()
    const before = seen.get(email)
    if (before !== undefined) return failed(parsed.row, `has the e-mail address of row ${before}`, 'CONFLICT')
    seen.set(email, parsed.row)
    return parsed
  })
}

function readTable(file: Buffer): string[][] {
  // Spreadsheets of countries with a decimal comma part the columns by semicolons.
  const firstLine = /^[^\r\n]*/.exec(file.toString('utf8', 0, 4096))?.[0] ?? ''
  const delimiter = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ','
  try {
    return parse(file, {
      bom: true,
      delimiter,
      trim: true,
      relax_column_count: true,
      skip_records_with_empty_values: true,
      max_record_size: 64 * 1024,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw badRequest('body.file', `is not CSV: ${error.message}`)
  }
}

function readHeader(header: readonly string[]): string[] {
  const columns = header.map(
    (title) => known[title.toLowerCase().replace(/[\s_-]/g, '')] ?? `metadata.${title}`,
  )
  for (const needed of ['email', 'name']) {
    if (!columns.includes(needed)) {
      throw badRequest(
        'body.file',
        `has no column ${needed}: its first line is ${header.join(', ').slice(0, 200)}`,
      )
    }
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice) throw badRequest('body.file', `has two columns ${twice.replace('metadata.', '')}`)
  return columns
}

function readRow(columns: readonly string[], cells: readonly string[], row: number): CsvRow {
  if (cells.length !== columns.length) {
    return failed(row, `has ${cells.length} fields where the header has ${columns.length}`)
  }
  const candidate: Record<string, unknown> = {}
  const metadata: Record<string, string> = {}
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] as string
    if (cell === '') continue
    if (cell.includes('\u0000')) return failed(row, 'holds the control character U+0000')
    if (column.startsWith('metadata.')) metadata[column.slice('metadata.'.length)] = cell
    else candidate[column] = cell
  }
  if (Object.keys(metadata).length > 0) candidate.metadata = metadata
  if (check(candidate)) return { row, candidate }
  const [error] = check.errors ?? []
  if (error?.keyword === 'required') return failed(row, `has no ${error.params.missingProperty}`)
  const field = error?.instancePath.slice(1).replaceAll('/', '.') || 'metadata'
  const wrong = error?.keyword === 'format' ? 'is no e-mail address' : (error?.message ?? 'is not valid')
  return failed(
    row,
    error?.keyword === 'pattern' ? `${field} holds a control character` : `${field} ${wrong}`,
  )
}

function failed(row: number, message: string, code: ErrorCode = 'BAD_REQUEST'): CsvRow {
  return { row, error: { code, message: `Row ${row} ${message}` } }
}
