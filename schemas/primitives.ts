import Type, { type TProperties, type TSchema } from 'typebox'
import { LONGEST_NAME, NAME_PATTERN, VISIBLE_PATTERN } from './visible-text.ts'

/** A request body or query that refuses what it does not know. */
export function Strict<P extends TProperties>(properties: P, options: Record<string, unknown> = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

/** The name of a person or a thing, as lists, mails and logs show it: one line, at most `max` characters. */
export function Name(max = LONGEST_NAME, options: Record<string, unknown> = {}) {
  return Type.String({ minLength: 1, maxLength: max, pattern: NAME_PATTERN, ...options })
}

/** Text of several lines that people read. */
export function VisibleText(max: number, options: Record<string, unknown> = {}) {
  return Type.String({ minLength: 1, maxLength: max, pattern: VISIBLE_PATTERN, ...options })
}

/** Text of several lines. */
export function Text(max: number) {
  return Type.String({ maxLength: max })
}

/** An e-mail address as RFC 5321 limits it; compared in small letters. */
export function Email(options: Record<string, unknown> = {}) {
  return Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'], ...options })
}

/** A point in time: RFC 3339 in, RFC 3339 UTC with milliseconds out. */
export function Instant(options: Record<string, unknown> = {}) {
  return Type.Unsafe<Date>(Type.String({ format: 'date-time', ...options }))
}

/** An instant in a request, where it is still text. */
export function InstantText(example = '2026-12-31T23:59:59.000Z', options: Record<string, unknown> = {}) {
  return Type.String({ format: 'date-time', examples: [example], ...options })
}

/** A value or null, in answers and bodies. */
export function Nullable<S extends TSchema>(schema: S, options: Record<string, unknown> = {}) {
  return Type.Union([schema, Type.Null()], options)
}

/** JSON that belongs to the integrator: kept and given back as it came, at most 50 fields. */
export function Metadata(options: Record<string, unknown> = {}) {
  return Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), { maxProperties: 50, ...options })
}

/** `limit` and `cursor` of every list. */
export const pageQuery = {
  limit: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 50,
    description: 'How many items a page has at most',
  }),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'The `nextCursor` of the page before' }),
  ),
}

/** An answer without a body. */
export const NoContent = Type.Null({ description: 'Done' })

/** A page of a list: the plural's name holds the items. */
export function Page<N extends string, S extends TSchema>(plural: N, item: S) {
  const nextCursor = Nullable(
    Type.String({ description: 'The `cursor` of the next page; null on the last page' }),
  )
  const items = Type.Array(item, { description: 'This page of the list' })
  return Type.Object({ [plural]: items, nextCursor } as {
    [K in N]: ReturnType<typeof Type.Array<S>>
  } & { nextCursor: ReturnType<typeof Nullable<ReturnType<typeof Type.String>>> })
}
