import { type ApiDocument, type ApiOperation, type JsonSchema, operationsIn } from './document.ts'
import { type ExamplePlace, exampleOf } from './examples.ts'
import { completeResponses, responseComponents } from './responses.ts'
import { completeSecurity, securitySchemes } from './security.ts'

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Any text of your choice, e.g. a UUID. A second request with the same key within 24 hours changes nothing and gets ' +
    'the first answer. With another body it gets 422.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: '6f1c9a8e-9d2b-4f0e-8a55-0c1f6f0d9b11',
}

/**
 * Completes the document that was drawn from the routes: what a caller may leave out, every status, the credentials and
 * scopes, the `Idempotency-Key`, and examples that are valid.
 * @param document is changed
 * @param takesTokenAlone whether a user's access token is enough for what the route declares
 */
export function completeDocument<D extends object>(
  document: D,
  takesTokenAlone: (access: string) => boolean,
): D {
  const api = document as ApiDocument
  const { components = {} } = api
  api.components = {
    ...components,
    ...responseComponents(),
    parameters: { IdempotencyKey: idempotencyKey },
    securitySchemes,
  }
  const definitions = components.schemas ?? {}
  for (const { method, path, operation } of operationsIn(api)) {
    const noun = path.split('/')[2] ?? ''
    completeParameters(method, operation)
    completeBody(operation, { noun, definitions, complete: false })
    for (const { content } of Object.values(operation.responses)) {
      const media = content?.['application/json']
      if (media?.schema) media.example ??= exampleOf(media.schema, { noun, definitions, complete: true })
    }
    completeResponses(method, operation)
    completeSecurity(operation, takesTokenAlone)
  }
  return document
}

function completeParameters(method: string, operation: ApiOperation): void {
  for (const parameter of operation.parameters ?? []) {
    const { schema = {} } = parameter
    // What has a default may be left out. JSON Schema's validators put it in before they look for it.
    if (schema.default !== undefined) parameter.required = false
    const parts = [schema, ...(schema.anyOf ?? [])]
    const example = parameter.example ?? parts.flatMap(({ examples = [] }) => examples)[0] ?? schema.default
    if (example !== undefined) parameter.example = example
  }
  if (method === 'post' && operation.responses['422']) {
    operation.parameters = [
      ...(operation.parameters ?? []),
      { $ref: '#/components/parameters/IdempotencyKey' },
    ]
  }
}

function completeBody({ requestBody }: ApiOperation, place: ExamplePlace): void {
  for (const media of Object.values(requestBody?.content ?? {})) {
    if (!media.schema) continue
    media.schema = withoutNull(withoutDefaulted(media.schema))
    const { examples, ...schema } = media.schema
    media.schema = schema
    media.example ??= examples?.[0] ?? exampleOf(schema, place)
  }
}

/** The same, as a caller may send it: a field with a default may be left out. */
function withoutDefaulted(schema: JsonSchema): JsonSchema {
  const { properties, required, items, anyOf } = schema
  return {
    ...schema,
    ...(properties ? { properties: mapValues(properties, withoutDefaulted) } : {}),
    ...(required ? { required: required.filter((name) => properties?.[name]?.default === undefined) } : {}),
    ...(items ? { items: withoutDefaulted(items) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(withoutDefaulted) } : {}),
  }
}

// A form's schema says that it may be null, since Fastify has read no body where the handler reads it.
function withoutNull(schema: JsonSchema): JsonSchema {
  const { type } = schema
  if (typeof type === 'string' || !type?.includes('null')) return schema
  return { ...schema, type: type.find((one) => one !== 'null') as string }
}

function mapValues(
  object: Readonly<Record<string, JsonSchema>>,
  change: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(object).map(([name, schema]) => [name, change(schema)]))
}
