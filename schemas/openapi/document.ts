/** A JSON schema, as far as the document's own use it. */
export interface JsonSchema {
  $ref?: string
  title?: string
  description?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  const?: unknown
  default?: unknown
  examples?: readonly unknown[]
  format?: string
  pattern?: string
  minimum?: number
  minLength?: number
  minItems?: number
  minProperties?: number
  anyOf?: readonly JsonSchema[]
  items?: JsonSchema
  required?: readonly string[]
  properties?: Readonly<Record<string, JsonSchema>>
}

/** A body by its media type. */
export interface MediaType {
  schema?: JsonSchema
  example?: unknown
}

export interface Parameter {
  $ref?: string
  name?: string
  in?: string
  required?: boolean
  description?: string
  example?: unknown
  schema?: JsonSchema
}

export interface ApiResponse {
  $ref?: string
  description?: string
  headers?: Record<string, { $ref?: string; description?: string; schema?: JsonSchema }>
  content?: Record<string, MediaType>
}

/** One method of one path. */
export interface ApiOperation {
  operationId?: string
  summary?: string
  description?: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, MediaType> }
  responses: Record<string, ApiResponse>
  security?: Record<string, string[]>[]
  'x-access'?: string
  'x-scopes'?: string[]
}

/** The parts of the OpenAPI document that are completed here. */
export interface ApiDocument {
  info: { description?: string }
  paths?: Record<string, Record<string, ApiOperation>>
  components?: {
    schemas?: Record<string, JsonSchema>
    responses?: Record<string, ApiResponse>
    parameters?: Record<string, Parameter>
    headers?: Record<string, { description: string; schema: JsonSchema }>
    securitySchemes?: Record<string, object>
  }
}

/** Every operation of the document. */
export function operationsIn(
  document: ApiDocument,
): { method: string; path: string; operation: ApiOperation }[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  )
}
