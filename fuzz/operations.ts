import {
  type ApiDocument,
  type ApiOperation,
  type ApiResponse,
  type JsonSchema,
  operationsIn,
  type Parameter,
} from '../schemas/openapi/document.ts'

/** One operation of the document, with every reference to a component followed. */
export interface FuzzOperation {
  readonly id: string
  /** In capitals. */
  readonly method: string
  /** With its parameters in braces. */
  readonly path: string
  readonly access: string
  readonly parameters: readonly Required<Pick<Parameter, 'name' | 'in' | 'schema'>>[]
  /** By media type. */
  readonly bodies: Readonly<Record<string, JsonSchema>>
  readonly bodyRequired: boolean
  readonly responses: Readonly<Record<string, ApiResponse>>
  /** Whether its answer goes on for as long as the caller stays. */
  readonly streams: boolean
}

/** Reads the operations out of the document. */
export function readOperations(document: ApiDocument): FuzzOperation[] {
  return operationsIn(document).map(({ method, path, operation }) => ({
    id: operation.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    access: operation['x-access'] ?? 'public',
    parameters: (operation.parameters ?? []).map((parameter) => parameterOf(document, parameter)),
    bodies: bodiesOf(operation),
    bodyRequired: operation.requestBody?.required === true,
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => [
        status,
        responseOf(document, response),
      ]),
    ),
    streams: operation.responses['200']?.content?.['text/event-stream'] !== undefined,
  }))
}

function bodiesOf({ requestBody }: ApiOperation): Record<string, JsonSchema> {
  const content = Object.entries(requestBody?.content ?? {})
  return Object.fromEntries(content.map(([type, { schema = {} }]) => [type, schema]))
}

function parameterOf({ components }: ApiDocument, given: Parameter): FuzzOperation['parameters'][number] {
  const parameter = given.$ref ? (components?.parameters?.[nameIn(given.$ref)] ?? given) : given
  return { name: parameter.name ?? '', in: parameter.in ?? '', schema: parameter.schema ?? {} }
}

function responseOf({ components }: ApiDocument, given: ApiResponse): ApiResponse {
  return given.$ref ? (components?.responses?.[nameIn(given.$ref)] ?? given) : given
}

function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}
