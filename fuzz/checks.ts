import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { allows, type Scope, scopes } from '../schemas/access.ts'
import type { ApiDocument, JsonSchema } from '../schemas/openapi/document.ts'
import { type CredentialName, foreignCredentials, uselessCredentials } from './credentials.ts'
import type { FuzzOperation } from './operations.ts'
import type { Plan } from './plan.ts'
import type { Answer, SentRequest } from './send.ts'
import type { World } from './world.ts'

// One object: compiled schemas are kept by their object, and most answers are errors.
const errorSchema: JsonSchema = { $ref: '#/components/schemas/Error' }
const REQUEST_ID = /^req_[0-7][0-9a-hjkmnp-tv-z]{25}$/
/** What every path may answer to a method that it does not have, whatever else the request has. */
const strange = new Set(['200', '204', '400', '401', '403', '404', '405', '408', '413', '415', '429'])

/** Something that no answer may be. */
export interface Fault {
  readonly kind:
    | 'server error'
    | 'undocumented status'
    | 'undocumented body'
    | 'malformed error'
    | 'missing header'
    | 'let in'
    | 'accepted'
  readonly message: string
}

/** Checks answers against the document. */
export class Checker {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false })
  readonly #compiled = new Map<JsonSchema, ValidateFunction>()
  readonly #paths: NonNullable<ApiDocument['paths']>

  constructor(document: ApiDocument) {
    this.#paths = document.paths ?? {}
    addFormats.default(this.#ajv)
    this.#ajv.addFormat('binary', true)
    this.#ajv.addSchema({ $id: 'openapi', ...document })
  }

  /** What is wrong with an answer. */
  faultsOf(plan: Plan, sent: SentRequest, answer: Answer, world: World): Fault[] {
    const status = String(answer.status)
    const faults: Fault[] = []
    if (answer.status >= 500) {
      faults.push({ kind: 'server error', message: `${status} ${answer.body.toString().slice(0, 300)}` })
    }
    faults.push(...headerFaults(answer), ...this.#statusFaults(plan, sent, answer))
    if (answer.status < 300) faults.push(...doorFaults(plan, sent, answer, world), ...this.#bodyFaults(plan))
    return faults
  }

  #statusFaults(plan: Plan, { method }: SentRequest, answer: Answer): Fault[] {
    const { operation } = plan
    const status = String(answer.status)
    if (method !== operation.method || plan.twist === 'another path') {
      const others = Object.values(this.#paths[operation.path] ?? {})
      const known =
        strange.has(status) ||
        others.some(({ responses }) => responses && status in responses) ||
        status in operation.responses ||
        (answer.status >= 300 && answer.status < 400)
      const unknown: Fault[] = known ? [] : [{ kind: 'undocumented status', message: status }]
      return [...unknown, ...this.#errorFaults(method, answer)]
    }
    const response = operation.responses[status]
    if (!response)
      return [{ kind: 'undocumented status', message: `${status} ${answer.body.toString().slice(0, 200)}` }]
    if (answer.status >= 400) {
      const faults = this.#errorFaults(method, answer)
      if (faults.length > 0) return faults
    }
    return this.#contentFaults(operation, answer)
  }

  #contentFaults(operation: FuzzOperation, answer: Answer): Fault[] {
    const content = operation.responses[String(answer.status)]?.content
    const type = typeOf(answer)
    if (!content) {
      return answer.body.length === 0
        ? []
        : [{ kind: 'undocumented body', message: `${answer.status} with a body` }]
    }
    const media = content[type] ?? (type === '' ? undefined : content['*/*'])
    if (!media) return [{ kind: 'undocumented body', message: `${answer.status} of type ${type || 'none'}` }]
    if (type !== 'application/json' || !media.schema) return []
    const fault = this.#invalid(media.schema, parse(answer.body))
    return fault === null ? [] : [{ kind: 'undocumented body', message: `${answer.status} ${fault}` }]
  }

  #errorFaults(method: string, answer: Answer): Fault[] {
    if (answer.status < 400 || method === 'HEAD') return []
    const body = parse(answer.body)
    const fault = this.#invalid(errorSchema, body)
    if (fault !== null) return [{ kind: 'malformed error', message: `${answer.status} ${fault}` }]
    const { requestId } = (body as { error: { requestId: string } }).error
    if (requestId === answer.headers['x-request-id']) return []
    return [{ kind: 'malformed error', message: `${answer.status} names another request id` }]
  }

  // A body that the document refuses must not be taken.
  #bodyFaults({ operation, method, body }: Plan): Fault[] {
    const schema = operation.bodies['application/json']
    if (method !== operation.method || !schema || body?.json === undefined) return []
    // Ids are places still: as ids they would fit.
    const text = JSON.stringify(body.json)
    if (text.includes('{{')) return []
    const fault = this.#invalid(schema, body.json)
    return fault === null ? [] : [{ kind: 'accepted', message: `a body that its schema refuses: ${fault}` }]
  }

  #invalid(schema: JsonSchema, value: unknown): string | null {
    let check = this.#compiled.get(schema)
    if (!check) {
      check = this.#ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')))
      this.#compiled.set(schema, check)
    }
    return check(value) ? null : this.#ajv.errorsText(check.errors, { dataVar: 'body' })
  }
}

function headerFaults({ headers, status }: Answer): Fault[] {
  const faults: Fault[] = []
  const id = String(headers['x-request-id'])
  if (!REQUEST_ID.test(id)) faults.push({ kind: 'missing header', message: `x-request-id is ${id}` })
  if (headers['x-content-type-options'] !== 'nosniff') {
    faults.push({ kind: 'missing header', message: 'x-content-type-options' })
  }
  const needed: Record<number, string> = {
    401: 'www-authenticate',
    405: 'allow',
    429: 'retry-after',
    503: 'retry-after',
  }
  const name = needed[status]
  if (name && headers[name] === undefined)
    faults.push({ kind: 'missing header', message: `${status} without ${name}` })
  return faults
}

/** Whether somebody got in who must not. */
function doorFaults(
  { operation, method, twist }: Plan,
  { credential, target }: SentRequest,
  { body }: Answer,
  world: World,
): Fault[] {
  const { access } = operation
  if (access === 'public' || method !== operation.method || twist === 'another path') return []
  if (uselessCredentials.includes(credential)) return [{ kind: 'let in', message: `with ${credential}` }]
  // A filter by an id of another organization finds nothing: the answer must not contain one. The access log and a
  // person's export may: they tell callers which paths they asked for.
  const [path = ''] = target.split('?')
  const tellsPaths = access === 'logs:read' || operation.id === 'me.export'
  const shown = !tellsPaths && world.pool.knowsAnyOf(body.toString())
  const reached = world.pool.knowsAnyOf(path) || shown
  if (foreignCredentials.includes(credential) && reached) {
    return [{ kind: 'let in', message: `${credential}, to the ids of another` }]
  }
  const granted = scopeOf(credential)
  if (granted && isScope(access) && !allows([granted], access)) {
    return [{ kind: 'let in', message: `with the scope ${granted}, where ${access} is needed` }]
  }
  return []
}

function scopeOf(credential: CredentialName): string | null {
  return credential.startsWith('scope:') ? credential.slice('scope:'.length) : null
}

function isScope(access: string): access is Scope {
  return scopes.some((scope) => scope === access)
}

function typeOf({ headers }: Answer): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
