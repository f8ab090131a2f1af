import { isUtf8 } from 'node:buffer'
import { ApiError, badRequest } from '../../../schemas/errors.ts'

/** A file's text, and whether its character set is a guess. */
export interface CsvText {
  readonly text: string
  readonly isGuess: boolean
}

const ADVICE = 'Save it as "CSV UTF-8"'

/**
 * Decodes a file as spreadsheets write it: UTF-8, UTF-16 ("Unicode Text" of Excel), or Windows-1252 ("CSV" of Excel on a
 * Western computer). Windows-1252 has no mark, so every file that is nothing else is taken for it.
 * @throws ApiError 400 for bytes that have no meaning in that character set
 */
export function textOf(file: Buffer): CsvText {
  const encoding = encodingOf(file)
  let text: string
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(file)
  } catch (cause) {
    throw notWhole(encoding, cause)
  }
  const isGuess = encoding === 'windows-1252'
  // Five bytes have no character in Windows-1252; TextDecoder turns them into control characters.
  if (isGuess && /[\u0081\u008d\u008f\u0090\u009d]/.test(text)) throw unknownCharacterSet()
  return { text, isGuess }
}

function notWhole(encoding: string, cause: unknown): ApiError {
  const message = `is not whole ${encoding.toUpperCase()}. ${ADVICE}`
  return new ApiError('BAD_REQUEST', `body.file ${message}`, {
    details: [{ path: 'body.file', message }],
    cause,
  })
}

/** 400 for a file in a character set that we cannot tell. */
export function unknownCharacterSet() {
  return badRequest('body.file', `is neither UTF-8, UTF-16 nor Windows-1252. ${ADVICE}`)
}

/**
 * Whether a name cannot be what its writer meant: Windows-1250 or -1251 read as Windows-1252 puts signs between letters
 * (`ł` becomes `³`) or turns whole words into letters with accents (`Иван` becomes `Èâàí`).
 */
export function looksMisread(name: string): boolean {
  return /[^\p{L}\p{M}\p{N}\x20-\x7e\u00a0‘’‚“”„–—·ªº°]/u.test(name) || /[\u0080-\u{10ffff}]{3}/u.test(name)
}

function encodingOf(file: Buffer): string {
  const [first, second] = file
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  // A table begins with a letter or a quotation mark: in UTF-16 one of its two bytes is 0.
  if (first !== 0 && second === 0) return 'utf-16le'
  if (first === 0 && second !== 0 && second !== undefined) return 'utf-16be'
  const hasMark = first === 0xef && second === 0xbb && file[2] === 0xbf
  return hasMark || isUtf8(file) ? 'utf-8' : 'windows-1252'
}
