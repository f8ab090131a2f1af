import fc, { type Arbitrary } from 'fast-check'
import type { JsonSchema } from '../schemas/openapi/document.ts'
import { credentialNames, fittingCredentials } from './credentials.ts'
import { formBody } from './forms.ts'
import type { FuzzOperation } from './operations.ts'
import { asJson, type Plan, type PlannedBody } from './plan.ts'
import { type Twist, twists } from './twists.ts'
import { fitting } from './values.ts'

type Definitions = Readonly<Record<string, JsonSchema>>

/** Requests to the operations of a document, three in five of which fit it. */
export function plans(operations: readonly FuzzOperation[], definitions: Definitions): Arbitrary<Plan> {
  return fc.oneof(
    ...operations.map((operation) => {
      const fits = plansFor(operation, definitions)
      const arbitrary = fc.oneof(
        { weight: 3, arbitrary: fits },
        { weight: 2, arbitrary: fc.tuple(fits, twists(operation)).map(twisted) },
      )
      return { weight: weightOf(operation), arbitrary }
    }),
  )
}

// What takes a world's credentials or everything in it away is asked less often, so that others find something.
const destructive =
  /logOut|erase|revoke|switch|password.change|endOther|sessions.end|endSession|sandbox.reset|members.remove|delete/i

function weightOf({ id, bodies, method }: FuzzOperation): number {
  if (destructive.test(id)) return 2
  if (id === 'sandbox.runDrill') return 1
  return Object.keys(bodies).length > 0 || method === 'POST' ? 12 : 6
}

function twisted([plan, twist]: [Plan, Twist]): Plan {
  return { ...plan, ...twist.apply(plan), twist: twist.name }
}

function plansFor(operation: FuzzOperation, definitions: Definitions): Arbitrary<Plan> {
  const inPath = operation.parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = operation.parameters.filter((parameter) => parameter.in === 'query')
  return fc.record({
    operation: fc.constant(operation),
    method: fc.constant(operation.method),
    credential: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...fittingCredentials(operation.access)) },
      { weight: 4, arbitrary: fc.constantFrom(...credentialNames) },
    ),
    path: fc.tuple(...inPath.map(({ schema, name }) => fitting(schema, definitions, name))).map((values) =>
      fillPath(
        operation.path,
        inPath.map(({ name }) => name),
        values,
      ),
    ),
    query: fc
      .record(
        Object.fromEntries(inQuery.map(({ name, schema }) => [name, fitting(schema, definitions, name)])),
        { requiredKeys: [] },
      )
      .map((query) => Object.entries(query).map(([name, value]) => [name, String(value)] as const))
      // An invented cursor is refused, and with it whatever else the query has to say.
      .chain((query) => fc.nat(4).map((luck) => query.filter(([name]) => name !== 'cursor' || luck === 0))),
    headers: headersOf(operation),
    body: bodyOf(operation, definitions),
    twist: fc.constant(null),
  })
}

function fillPath(path: string, names: readonly string[], values: readonly unknown[]): string {
  return names.reduce((filled, name, index) => {
    const text = String(values[index])
    // A place keeps its braces: it is filled later.
    const part = text.startsWith('{{') ? text : encodeURIComponent(text.toWellFormed())
    return filled.replace(`{${name}}`, () => part || 'x')
  }, path)
}

function headersOf(operation: FuzzOperation): Arbitrary<[string, string][]> {
  const idempotent = operation.parameters.some(({ name }) => name === 'Idempotency-Key')
  if (!idempotent) return fc.constant([])
  const key = fc.nat(30).map((number): [string, string][] => [['Idempotency-Key', `key ${number}`]])
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<[string, string][]>([]) },
    { weight: 1, arbitrary: key },
  )
}

function bodyOf(operation: FuzzOperation, definitions: Definitions): Arbitrary<PlannedBody | null> {
  const bodies = Object.entries(operation.bodies).map(([type, schema]) =>
    type === 'multipart/form-data' ? formBody() : jsonBody(schema, definitions),
  )
  if (operation.id === 'embed.createUpload' || operation.id === 'embed.appendUpload') return fc.constant(null)
  const none = fc.constant<PlannedBody | null>(null)
  if (bodies.length === 0) return none
  return operation.bodyRequired ? fc.oneof(...bodies) : fc.oneof(none, ...bodies)
}

function jsonBody(schema: JsonSchema, definitions: Definitions): Arbitrary<PlannedBody> {
  return fitting(schema, definitions).map((json) => asJson(json))
}
