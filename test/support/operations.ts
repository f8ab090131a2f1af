import type { FastifyInstance } from 'fastify'
import { newId } from '../../schemas/ids.ts'

/** A JSON schema, as far as the API's own use it. */
interface Schema {
  $ref?: string
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  format?: string
  pattern?: string
  minLength?: number
  minimum?: number
  minItems?: number
  minProperties?: number
  items?: Schema
  required?: string[]
  properties?: Record<string, Schema>
}

interface DocumentedOperation {
  operationId?: string
  'x-access'?: string
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses?: Record<string, { content?: Record<string, unknown> }>
}

/** One operation of the API, as its OpenAPI document has it. */
export interface Operation {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** What the route declared: a scope, or `public`, `authenticated`, `user`, `key`. */
  readonly access: string
  /** The type of its body, where it takes one. */
  readonly contentType: string | null
  /** Whether its answer goes on for as long as the caller stays. */
  readonly streams: boolean
  /** A URL with parameters that fit their schemas; those of `known` stand for the prefix of their ids. */
  url(known?: Readonly<Record<string, string>>): string
  /** A body that fits its schema. */
  body(): unknown
  /** The prefixes of the ids in its path. */
  readonly ids: readonly string[]
}

const methods = { get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const

/** Every documented operation of the server. */
export function operationsOf(app: FastifyInstance): Operation[] {
  const { paths = {} } = app.swagger() as { paths?: Record<string, Record<string, DocumentedOperation>> }
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      describe(path, methods[method as keyof typeof methods], operation),
    ),
  )
}

function describe(path: string, method: Operation['method'], operation: DocumentedOperation): Operation {
  const { parameters = [], requestBody } = operation
  const [contentType = null] = Object.keys(requestBody?.content ?? {})
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.required)
  return {
    name: `${method} ${path}`,
    method,
    access: operation['x-access'] ?? 'undeclared',
    contentType,
    streams: operation.responses?.['200']?.content?.['text/event-stream'] !== undefined,
    ids: inPath.map(({ schema }) => prefixOf(schema) ?? ''),
    url: (known = {}) => {
      const filled = inPath.reduce((url, { name, schema }) => {
        const value = known[prefixOf(schema) ?? ''] ?? String(sampleOf(schema))
        return url.replace(`{${name}}`, encodeURIComponent(value))
      }, path)
      const search = new URLSearchParams(
        Object.fromEntries(query.map(({ name, schema }) => [name, String(sampleOf(schema))])),
      )
      return search.size > 0 ? `${filled}?${search}` : filled
    },
    body: () => (contentType ? sampleOf(requestBody?.content[contentType]?.schema ?? {}) : undefined),
  }
}

function prefixOf(schema: Schema): string | undefined {
  return /^\^([a-z]+)_\[0-7\]/.exec(schema.pattern ?? '')?.[1]
}

/** The plainest value that fits a schema. */
function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sampleOf(schema.anyOf[0] ?? {})
  if (schema.type === 'object' || schema.properties) {
    const { properties = {}, required = [], minProperties = 0 } = schema
    const names = Object.keys(properties)
    const wanted = required.length > 0 ? required : names.slice(0, minProperties)
    return Object.fromEntries(wanted.map((name) => [name, sampleOf(properties[name] ?? {})]))
  }
  if (schema.type === 'array')
    return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}))
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'boolean') return true
  return sampleText(schema)
}

function sampleText({ format, minLength = 1, pattern = '', ...schema }: Schema): string {
  const prefix = prefixOf({ pattern })
  if (prefix) return newId(prefix as Parameters<typeof newId>[0])
  if (format === 'email') return `somebody-${newId('usr').slice(-12)}@sample.example`
  if (format === 'date-time') return '2099-12-31T23:59:59.000Z'
  if (format === 'uri') return 'https://sample.example/path'
  const candidates = ['a sample of text', '123456', 'en', 'x'.repeat(minLength)]
  const fitting = candidates.find((text) => text.length >= minLength && new RegExp(pattern, 'u').test(text))
  return fitting ?? String(schema.type ?? 'x')
}

/** `GET /path` for each line of the router's own print. */
export function routesOf(printed: string): string[] {
  const path: string[] = []
  return printed.split('\n').flatMap((line) => {
    const match = /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (!match) return []
    const depth = (match[1] ?? '').length / 4
    path.splice(depth, path.length, match[2] ?? '')
    return (match[3] ?? '')
      .split(', ')
      .filter((method) => method && !['HEAD', 'OPTIONS'].includes(method))
      .map((method) => `${method} ${path.join('')}`)
  })
}
