import fc, { type Arbitrary } from 'fast-check'
import type { JsonSchema } from '../schemas/openapi/document.ts'

/** Texts that have been trouble somewhere. */
export const oddTexts = [
  '',
  ' ',
  '\t\n',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e\u2066',
  '\u200b\ufeff',
  'İıſßŁø',
  '𝒳🏳️‍🌈👨‍👩‍👧',
  'e\u0301'.repeat(40),
  '../../etc/passwd',
  "'; drop table keys; --",
  '#{7*7}{{7*7}}<%= 7*7 %>',
  '<script>alert(1)</script>',
  '=HYPERLINK("http://127.0.0.1")',
  '%00%0d%0aset-cookie:x=y',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '1e999',
  '-0',
  '9007199254740993',
  'x'.repeat(10_000),
]

/** What fits no field of ours, or only by mistake. */
export const oddValues: readonly unknown[] = [
  ...oddTexts,
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  [],
  [[]],
  [null],
  {},
  { toString: 1 },
  { $ne: null },
  { length: 1e9 },
]

/** Hosts that lead nowhere but to this machine: nothing of a fuzz run leaves it. */
const urls = [
  'https://127.0.0.1/hook',
  'https://hooks.invalid/anteroom',
  'https://localhost:1/x?y=z',
  'https://[::1]/',
  'https://hooks.invalid',
  'http://localhost:3000',
]

/** Fields whose values the pool knows, by name. */
const known: Readonly<Record<string, string>> = {
  invite: '{{inviteToken:N}}',
  password: '{{password}}',
  currentPassword: '{{password}}',
  refreshToken: '{{refreshToken}}',
  organizationId: '{{org:N}}',
}

/** Values that fit a schema; ids are places that the pool fills. */
export function fitting(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  name = '',
): Arbitrary<unknown> {
  const inner = (part: JsonSchema, partName = name) => fitting(part, definitions, partName)
  if (schema.$ref !== undefined) {
    return inner(definitions[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? {})
  }
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((part) => inner(part)))
  const own = known[name]
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0]
  if (type === 'string') {
    const plain = fittingText(schema)
    return own ? fc.oneof({ weight: 4, arbitrary: place(own) }, { weight: 1, arbitrary: plain }) : plain
  }
  if (type === 'integer') return fc.oneof(edges(schema), fc.integer(rangeOf(schema)))
  if (type === 'number')
    return fc.double({ noNaN: true, noDefaultInfinity: true, min: schema.minimum ?? -1e6 })
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'array') return fittingList(schema, inner)
  if (type === 'object') return fittingObject(schema, inner)
  return fc.jsonValue({ maxDepth: 3 })
}

function place(text: string): Arbitrary<string> {
  return fc.nat(1000).map((number) => text.replace('N', String(number)))
}

function rangeOf({ minimum = -1000, ...schema }: JsonSchema): { min: number; max: number } {
  const { maximum = minimum + 100_000 } = schema as { maximum?: number }
  return { min: minimum, max: maximum }
}

function edges(schema: JsonSchema): Arbitrary<number> {
  const { min, max } = rangeOf(schema)
  return fc.constantFrom(min, max)
}

function fittingText(schema: JsonSchema): Arbitrary<string> {
  const { format, pattern, minLength = 0 } = schema
  const { maxLength = 2000 } = schema as { maxLength?: number }
  const prefix = /^\^([a-z]+)_\[0-7\]/.exec(pattern ?? '')?.[1]
  if (prefix) return place(`{{${prefix}:N}}`)
  if (format === 'email') return fc.nat(10_000).map((number) => `somebody-${number}@fuzz.invalid`)
  if (format === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  }
  if (format === 'uri' || /url/i.test(pattern ?? '')) return fc.constantFrom(...urls)
  const free = fc.oneof(
    fc.constantFrom(
      'a plain text',
      'en',
      '123456',
      'key.created',
      'https://hooks.invalid/anteroom',
      ...oddTexts,
    ),
    fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) }),
    fc
      .constantFrom('x', 'é', '漢', '🙂')
      .map((one) => one.repeat(Math.max(minLength, Math.floor(maxLength / one.length)))),
  )
  const test = pattern === undefined ? null : new RegExp(pattern, 'u')
  return free
    .map((text) => (text.length < minLength ? text.padEnd(minLength, 'x') : text.slice(0, maxLength)))
    .map((text) => (test && !test.test(text) ? plainFor(test, minLength) : text))
}

function plainFor(test: RegExp, minLength: number): string {
  const candidates = ['a plain text', 'en', '123456', 'key.created', 'x'.repeat(Math.max(minLength, 1))]
  return candidates.find((text) => text.length >= minLength && test.test(text)) ?? 'a plain text'
}

function fittingList(
  schema: JsonSchema,
  inner: (part: JsonSchema) => Arbitrary<unknown>,
): Arbitrary<unknown[]> {
  const { minItems = 0, items = {} } = schema
  const { maxItems = 5, uniqueItems } = schema as { maxItems?: number; uniqueItems?: boolean }
  const size = { minLength: minItems, maxLength: Math.min(maxItems, Math.max(minItems, 5)) }
  if (!uniqueItems) return fc.array(inner(items), size)
  return fc.uniqueArray(inner(items), { ...size, selector: (item) => JSON.stringify(item) })
}

function fittingObject(
  { properties, required = [], minProperties = 0, ...schema }: JsonSchema,
  inner: (part: JsonSchema, name: string) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  if (!properties) {
    const { maxProperties = 10 } = schema as { maxProperties?: number }
    const keys = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    return fc.dictionary(keys, fc.jsonValue({ maxDepth: 2 }), { maxKeys: Math.min(maxProperties, 10) })
  }
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, part]) => [name, inner(part, name)]),
  )
  const record = fc.record(model, { requiredKeys: [...required] })
  if (minProperties === 0) return record
  const whole = fc.record(model)
  return record.chain((value) =>
    Object.keys(value as object).length >= minProperties ? fc.constant(value) : whole,
  )
}
