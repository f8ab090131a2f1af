import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TObject, type TProperties, type TSchema } from 'typebox'
import type { Input, Operation, Origin } from '../operations/core/operation.ts'
import { callerOf, originOf, readIdempotencyKey } from '../plugins/operations.ts'
import { type Api, answers } from './api.ts'

/** How a REST route differs from what follows from its operation. */
interface RestOptions {
  /** The status of a good answer; 200 unless told otherwise. */
  readonly status?: 200 | 201 | 202 | 204
  /** What the body shows of the output, where a part of it goes into headers or cookies. */
  readonly shows?: TSchema
  /** What other good answers show, by status; `answered` sets the status. */
  readonly also?: Readonly<Record<number, TSchema>>
  /** The body is a form (multipart). */
  readonly form?: Form
  /**
   * Runs the operation within something that needs the request: for limits by client address, and for files.
   * @param run with the input that a form brought, where `around` reads the form
   */
  around?<T>(request: FastifyRequest, run: (received?: Input) => Promise<T>, reply: FastifyReply): Promise<T>
  /** Adds what the operation needs to know of the request and no other operation does. */
  origin?(request: FastifyRequest): Partial<Origin>
  /** Sets what a good answer has besides its body, e.g. a cookie. */
  answered?(request: FastifyRequest, reply: FastifyReply, output: unknown): unknown
}

/** How the input is read from a form. */
interface Form {
  /** The field that is a file; the operation's input has it in base64. */
  readonly file: string
  /** The input may also come as JSON, without the file. The form has nothing but the file then. */
  readonly orJson?: boolean
  /**
   * Reads the input that the path does not name; unset: `around` reads it.
   * @throws ApiError for what is not valid by the operation's schema
   */
  read?(request: FastifyRequest): Promise<Input>
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** Where a request has the input that its path does not name. */
type Place = 'querystring' | 'body'
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * The REST door: one route for one operation. It contains no rules. Schema, access, errors and description come from
 * the operation. Fields of the input that the path names are path parameters; the others are the query of a GET and
 * the body of everything else.
 * @param route method and path, e.g. `DELETE /keys/:id`
 */
export function rest(app: Api, route: string, operation: Operation, options: RestOptions = {}): void {
  const [method, url] = route.split(' ') as [Method, string]
  const { status = 200, shows = operation.output, also = {}, form } = options
  const place = method === 'GET' ? 'querystring' : 'body'
  const { params, others } = divide(operation, url, place)
  const noun = operation.name.slice(0, operation.name.indexOf('.'))
  const schema = {
    tags: [tags[noun] ?? capitalized(noun)],
    operationId: operation.name,
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    ...(params ? { params } : {}),
    ...(others ? { [place]: form ? bodyOf(others, form) : others } : {}),
    response: answers(
      { [status]: shows, ...also, ...operation.errorBodies },
      ...statusesOf(method, operation, params !== null),
    ),
  }
  const { access } = operation
  const beforeSecondFactor = operation.kind !== 'public' && operation.beforeSecondFactor === true
  app.route({
    method,
    url,
    config: {
      access,
      operation: operation.name,
      ...(beforeSecondFactor ? { beforeSecondFactor } : {}),
      ...(form ? { upload: true } : {}),
    },
    schema,
    handler: handlerFor(app, operation, place, options),
  })
}

function handlerFor(app: Api, operation: Operation, place: Place, options: RestOptions): Handler {
  const { status = 200, around, answered, origin, form } = options
  return async (request, reply) => {
    const read = await form?.read?.(request)
    const run = (received?: Input) => {
      const input = { ...inputOf(request, place), ...read, ...received }
      if (operation.kind === 'public') {
        const key = operation.callerOf ? readIdempotencyKey(request) : null
        const from = Object.assign(originOf(request), origin?.(request))
        return app.runner.runPublic(operation, from, input, key)
      }
      const caller = { ...callerOf(request, reply), ...(form ? { waited: true } : {}) }
      if (origin) Object.assign(caller.origin, origin(request))
      return app.runner.run(operation, caller, input)
    }
    const { output, replayed } = await (around ? around(request, run, reply) : run())
    reply.code(status)
    await answered?.(request, reply, output)
    if (replayed) reply.header('idempotent-replayed', 'true')
    return status === 204 ? reply.send(null) : output
  }
}

// Only what the schema checks: the body of a GET and the query of everything else are none of its input.
function inputOf({ params, query, body }: FastifyRequest, place: Place): Input {
  const others = (place === 'querystring' ? query : body) as Input | null
  return { ...others, ...(params as Input) }
}

/** What the path names, and what is left for the query or the body. */
function divide(
  { input, example = {} }: Operation,
  url: string,
  place: Place,
): { params: TObject | null; others: TSchema | null } {
  const named = new Set([...url.matchAll(/:(\w+)/g)].map(([, name]) => name as string))
  const inPath: TProperties = {}
  const left: TProperties = {}
  for (const [name, schema] of Object.entries(input.properties)) {
    if (named.has(name)) inPath[name] = schema
    else left[name] = place === 'querystring' ? withExample(schema, (example as Input)[name]) : schema
  }
  const params = named.size === 0 ? null : Type.Object(inPath)
  if (Object.keys(left).length === 0) return { params, others: null }
  const { minProperties, maxProperties } = input as { minProperties?: number; maxProperties?: number }
  const others = Type.Object(left, {
    additionalProperties: false,
    ...(minProperties ? { minProperties: minProperties - named.size } : {}),
    ...(maxProperties ? { maxProperties: maxProperties - named.size } : {}),
    ...examplesOf(example, left),
  })
  // A body of which every field is optional may be left out.
  const { required = [] } = others as { required?: string[] }
  return { params, others: required.length === 0 && !minProperties ? Type.Optional(others) : others }
}

/** The body of a form, for the reference, and what is JSON beside it. */
function bodyOf(others: TSchema, { file, orJson }: Form): object {
  const { properties, required, ...rest } = others as unknown as FormFields
  if (!orJson)
    return { content: { 'multipart/form-data': { schema: formOf({ properties, required, ...rest }, file) } } }
  const { [file]: bytes, ...fields } = properties
  const alone = { properties: { [file]: bytes as TSchema }, required: [file] }
  return {
    content: {
      'application/json': { schema: Type.Object(fields, rest) },
      'multipart/form-data': { schema: formOf(alone, file) },
    },
  }
}

/** It may be null, since the handler reads it and not Fastify. */
function formOf({ properties, required, examples }: FormFields, file: string): TSchema {
  const { description } = properties[file] as { description?: string }
  return Type.Unsafe<null>({
    type: ['object', 'null'],
    ...(required ? { required } : {}),
    properties: { ...properties, [file]: { type: 'string', format: 'binary', description } },
    // A form has the bytes of a file as they are.
    ...(examples ? { examples: examples.map((one) => ({ ...one, [file]: textOf(one[file]) })) } : {}),
  })
}

interface FormFields {
  readonly properties: TProperties
  readonly required?: readonly string[] | undefined
  readonly examples?: readonly Input[]
}

function textOf(base64: unknown): string {
  return Buffer.from(String(base64), 'base64').toString()
}

/** A query parameter that shows its part of the operation's example. */
function withExample(schema: TSchema, value: unknown): TSchema {
  if (value === undefined) return schema
  // TypeBox keeps `optional` in a property that spreading would lose.
  const properties = Object.getOwnPropertyDescriptors(schema)
  return Object.defineProperties({}, { ...properties, examples: { value: [value], enumerable: true } })
}

/** The operation's example, as far as it is part of the query or the body. */
function examplesOf(example: Input, left: TProperties): { examples?: Input[] } {
  const shown = Object.entries(example).filter(([name]) => name in left)
  return shown.length > 0 ? { examples: [Object.fromEntries(shown)] } : {}
}

function statusesOf(method: Method, operation: Operation, hasId: boolean): number[] {
  const statuses = new Set([400, 429, ...(operation.errors ?? [])])
  if (operation.access !== 'public') statuses.add(401).add(403)
  if (hasId) statuses.add(404)
  const takesKey = operation.kind === 'public' ? operation.callerOf !== undefined : method === 'POST'
  if (takesKey) statuses.add(409).add(422)
  for (const status of Object.keys(operation.errorBodies ?? {})) statuses.delete(Number(status))
  return [...statuses].sort()
}

/** The headings of the reference, where they are not the noun in capitals. */
const tags: Record<string, string> = {
  audit: 'Logs',
  deliveries: 'Webhooks',
  dashboard: 'Account',
  inviteBulks: 'Invites',
  invitations: 'Members',
  me: 'Account',
  password: 'Account',
  secondFactor: 'Account',
  sessions: 'Account',
  signUp: 'Account',
}

function capitalized(noun: string): string {
  return `${noun.charAt(0).toUpperCase()}${noun.slice(1)}`
}
