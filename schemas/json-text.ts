import { isUtf8 } from 'node:buffer'
import { ApiError, badRequest } from './errors.ts'
import type { Reason } from './reasons.ts'

/** PostgreSQL and every JSON library read this deep; no body of ours is half as deep. */
const DEEPEST = 64
const LONGEST_NAME_SHOWN = 100
/** A double keeps every number of so many digits. */
const EXACT_DIGITS = 15

/** An object or a list that is being read. */
interface Level {
  /** The fields that an object has so far; null for a list. */
  readonly names: Set<string> | null
  /** The field, or the index, that is being read. */
  place: string | number
  expectsName: boolean
}

/**
 * Reads JSON of a client. What it returns can be kept and given back as it came: whatever JavaScript or PostgreSQL would
 * change or drop on the way (RFC 8259, 4, 6 and 8.2; I-JSON, RFC 7493) is refused with its path. Every door reads JSON
 * through here.
 * @param root what paths begin with
 * @throws ApiError 400
 */
export function readJson(bytes: Uint8Array, root = 'body'): unknown {
  if (!isUtf8(bytes)) throw badRequest(root, 'is not UTF-8')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString()
    .replace(/^\ufeff/, '')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw notJson(root, error as Error)
  }
  requireLossless(text, root)
  return value
}

function notJson(root: string, cause: Error): ApiError {
  const message = `is not valid JSON: ${cause.message}`
  return new ApiError('BAD_REQUEST', `${root} ${message}`, { details: [{ path: root, message }], cause })
}

// The text is valid JSON, so that only its strings, numbers and brackets have to be told apart.
function requireLossless(text: string, root: string): void {
  const levels: Level[] = []
  const refuse = (message: string, reason?: Reason): ApiError => {
    const path = pathOf(root, levels)
    return new ApiError('BAD_REQUEST', `${path} ${message}`, {
      details: [{ path, message }],
      ...(reason ? { reason } : {}),
    })
  }
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1)
    switch (text[at]) {
      case '{':
      case '[':
        if (levels.length === DEEPEST) throw refuse(`is nested more than ${DEEPEST} levels deep`)
        levels.push(
          text[at] === '{'
            ? { names: new Set(), place: '', expectsName: true }
            : { names: null, place: 0, expectsName: false },
        )
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (level?.names) level.expectsName = true
        else if (level) level.place = Number(level.place) + 1
        break
      case '"': {
        const end = endOfString(text, at)
        const name = level?.expectsName ? level : null
        const content = contentOf(text.slice(at, end + 1))
        // The name is no place yet: what is wrong with it is wrong with its object.
        if (name) name.place = ''
        const fault = content.escaped ? faultOfText(content.text) : null
        if (fault) throw refuse(fault)
        if (name) takeName(levels, name, content.text, refuse)
        at = end
        break
      }
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9': {
        NUMBER.lastIndex = at
        const literal = NUMBER.exec(text)?.[0] ?? ''
        if (!isKept(literal)) {
          throw refuse('is a number that cannot be kept exactly: send it as a string', 'inexact_number')
        }
        at += literal.length - 1
        break
      }
      default:
    }
  }
}

function takeName(
  levels: readonly Level[],
  level: Level,
  name: string,
  refuse: (message: string, reason?: Reason) => ApiError,
): void {
  level.expectsName = false
  level.place = name
  // Libraries merge objects: these names would change what every object inherits.
  if (name === '__proto__') throw refuse('is not a name for a field')
  if (name === 'prototype' && levels.at(-2)?.place === 'constructor')
    throw refuse('is not a name for a field')
  // Of two fields of one name JSON.parse drops the first.
  if (level.names?.has(name)) throw refuse('is there twice', 'duplicate_field')
  level.names?.add(name)
}

function pathOf(root: string, levels: readonly Level[]): string {
  const places = levels.map(({ place }) => String(place).slice(0, LONGEST_NAME_SHOWN).toWellFormed())
  return [root, ...places].filter((place) => place !== '').join('.')
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return at
  }
}

function contentOf(literal: string): { text: string; escaped: boolean } {
  const escaped = literal.includes('\\')
  return { text: escaped ? (JSON.parse(literal) as string) : literal.slice(1, -1), escaped }
}

// PostgreSQL holds every character but U+0000, and UTF-8 has no way to write half of a surrogate pair.
function faultOfText(text: string): string | null {
  if (text.includes('\u0000')) return 'holds the control character U+0000'
  return text.isWellFormed()
    ? null
    : 'holds half of a surrogate pair (\\ud800 to \\udfff), which is no character'
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Whether a number comes out as the value that went in: `1.50` does, as 1.5; `1546130668394913822` and `1e-400` do not. */
function isKept(literal: string): boolean {
  if (literal.length <= EXACT_DIGITS && !/e/i.test(literal)) return true
  const read = Number(literal)
  return Number.isFinite(read) && decimalOf(literal) === decimalOf(String(read))
}

/** A number's digits without zeros around them, and where the point stands: one text for one value. */
function decimalOf(literal: string): string {
  const [digitsAndPoint = '', exponent = '0'] = literal.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = digitsAndPoint.split('.')
  const digits = whole + fraction
  let start = 0
  while (digits[start] === '0') start += 1
  let end = digits.length
  while (end > start && digits[end - 1] === '0') end -= 1
  if (start === end) return '0'
  return `${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}
