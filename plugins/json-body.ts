import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { badRequest } from '../schemas/errors.ts'

const QUOTE = 34
const COLON = 58
const BACKSLASH = 92
/** PostgreSQL and every JSON library read this deep; no body of ours is half as deep. */
const DEEPEST = 64

/**
 * JSON is the one type of body that the API reads, unless a route says otherwise, and what it reads can be kept and
 * given back as it came: what would be changed or dropped on the way (RFC 8259, 4 and 8.2; I-JSON, RFC 7493) is refused.
 */
export default fp(
  async (app: FastifyInstance) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      // Clients set the content type on every request, also where they send nothing.
      if (body.length === 0) return done(null, undefined)
      if (!isUtf8(body as Buffer)) return done(badRequest('body', 'is not UTF-8'))
      const text = body.toString()
      void parse(request, text, (error, value) => {
        if (error) return done(badRequest('body', `is not valid JSON: ${error.message}`))
        const fault = faultOf(text, value)
        if (fault) return done(badRequest('body', fault))
        done(null, value)
      })
    })
  },
  { name: 'json-body' },
)

/** Why a value could not be kept as it came, or null. */
function faultOf(text: string, value: unknown): string | null {
  let members = 0
  const open: { value: unknown; depth: number }[] = [{ value, depth: 1 }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { depth } = next
    if (typeof next.value === 'string') {
      const fault = faultOfText(next.value)
      if (fault) return fault
    } else if (typeof next.value === 'number') {
      if (!Number.isFinite(next.value)) return 'holds a number that is too large'
    } else if (next.value !== null && typeof next.value === 'object') {
      if (depth > DEEPEST) return `is nested more than ${DEEPEST} levels deep`
      const isList = Array.isArray(next.value)
      for (const [name, inner] of Object.entries(next.value)) {
        const fault = isList ? null : faultOfText(name)
        if (fault) return fault
        if (!isList) members += 1
        open.push({ value: inner, depth: depth + 1 })
      }
    }
  }
  return members === countMembers(text) ? null : 'names a field twice'
}

// PostgreSQL holds every character but U+0000, and UTF-8 has no way to write half of a surrogate pair.
function faultOfText(text: string): string | null {
  if (text.includes('\u0000')) return 'holds the control character U+0000'
  return text.isWellFormed()
    ? null
    : 'holds half of a surrogate pair (\\ud800 to \\udfff), which is no character'
}

// Of two members of one name JSON.parse drops the first: there are as many as there are colons outside of strings.
function countMembers(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === COLON) count += 1
    if (code !== QUOTE) continue
    for (index += 1; text.charCodeAt(index) !== QUOTE; index += 1) {
      if (text.charCodeAt(index) === BACKSLASH) index += 1
    }
  }
  return count
}
