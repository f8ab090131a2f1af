import type { JsonSchema } from './document.ts'

/** Texts that a reader understands, by the name of their field. */
const texts: Readonly<Record<string, string>> = {
  code: '123456',
  currentPassword: 'correct horse battery staple 9',
  hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  invite: 'inv_…',
  ip: '203.0.113.7',
  language: 'en',
  name: 'Ada Lovelace',
  newPassword: 'battery staple correct horse 7',
  organizationName: 'Analytical Engines',
  password: 'correct horse battery staple 9',
  path: '/api/campaigns',
  phone: '+44 20 7946 0000',
  refreshToken: 'rt_…',
  title: 'Backend engineer, first round',
  token: '…',
  url: 'https://example.com/hooks/anteroom',
  userAgent: 'curl/8.14.1',
}

/** What `name` is the name of, by the noun of the path. */
const names: Readonly<Record<string, string>> = {
  campaigns: 'Backend engineer, first round',
  keys: 'Build server',
  organization: 'Analytical Engines',
}

/** Texts of a format. */
const formats: Readonly<Record<string, string>> = {
  binary: '(the bytes of a file)',
  'date-time': '2026-01-31T09:30:00.000Z',
  email: 'ada@example.com',
  uri: 'https://example.com',
}

/** What an example is for. */
export interface ExamplePlace {
  /** The noun of the path, e.g. `keys`. */
  readonly noun: string
  /** What `$ref` names. */
  readonly definitions: Readonly<Record<string, JsonSchema>>
  /** Also with what may be left out, as answers have it. */
  readonly complete: boolean
}

/** An example of what fits a schema: its own, or one that is put together from those of its parts. */
export function exampleOf(schema: JsonSchema, place: ExamplePlace, name = ''): unknown {
  if (schema.$ref !== undefined) {
    const target = place.definitions[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]
    return target ? exampleOf(target, place, name) : null
  }
  const own = [schema.examples?.[0], schema.default, schema.const, schema.enum?.[0]]
  const given = own.find((value) => value !== undefined)
  if (given !== undefined) return given
  const choice = schema.anyOf?.find(({ type }) => type !== 'null')
  if (choice) return exampleOf(choice, place, name)
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.find((one) => one !== 'null')
  if (type === 'object') return objectFor(schema, place)
  if (type === 'array') return listFor(schema, place, name)
  if (type === 'string') return textFor(schema, place, name)
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  return null
}

function objectFor(
  { properties = {}, required = [], minProperties = 0 }: JsonSchema,
  place: ExamplePlace,
): Record<string, unknown> {
  const names = Object.keys(properties)
  const needed = names.filter((name) => place.complete || required.includes(name))
  const shown = needed.length >= minProperties ? needed : names.slice(0, Math.max(minProperties, 1))
  return Object.fromEntries(
    shown.map((name) => [name, exampleOf(properties[name] as JsonSchema, place, name)]),
  )
}

function listFor(schema: JsonSchema, place: ExamplePlace, name: string): unknown[] {
  if (!schema.items) return []
  const item = exampleOf(schema.items, place, name)
  return Array.from({ length: Math.max(schema.minItems ?? 1, 1) }, () => item)
}

function textFor({ format, minLength = 0 }: JsonSchema, { noun }: ExamplePlace, name: string): string {
  const own = name === 'name' ? names[noun] : undefined
  const text = formats[format ?? ''] ?? own ?? texts[name] ?? 'text'
  return text.padEnd(minLength, '.')
}
