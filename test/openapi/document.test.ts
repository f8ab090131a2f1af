import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import t from 'tap'
import { scopes } from '../../schemas/access.ts'
import type { ApiDocument, JsonSchema } from '../../schemas/openapi/document.ts'
import { operationsIn } from '../../schemas/openapi/document.ts'
import { testApp } from '../support/app.ts'
import { writtenDocument } from '../support/document.ts'

t.setTimeout(300_000)

/** Nouns of which every parameter and every field has a description. */
const describedNouns = ['candidates', 'invites', 'inviteBulks', 'interviews', 'files', 'embed']

/** The fields of a schema that say nothing about themselves, by their path. */
function undescribed(document: ApiDocument, schema: JsonSchema = {}, path = ''): string[] {
  const resolve = (one: JsonSchema) =>
    document.components?.schemas?.[one.$ref?.split('/').at(-1) ?? ''] ?? one
  const { properties = {}, items, anyOf = [] } = resolve(schema)
  const inside = [...(items ? [items] : []), ...anyOf].flatMap((one) => undescribed(document, one, path))
  const own = Object.entries(properties).flatMap(([name, field]) => {
    const at = `${path}.${name}`
    const said = [field, resolve(field), ...(resolve(field).anyOf ?? [])].some((one) => one.description)
    return [...(said ? [] : [at]), ...undescribed(document, field, at)]
  })
  return [...own, ...inside]
}

/** Validates by the document's own dialect, JSON Schema 2020-12. */
function validatorOf(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addFormat('binary', true)
  ajv.addSchema({ $id: 'openapi', ...document })
  return (schema: JsonSchema, value: unknown) => {
    const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')))
    return check(value) ? null : ajv.errorsText(check.errors)
  }
}

t.test('the document is written without a database, and is the one that is served', async (t) => {
  const { document } = await writtenDocument(t)
  const { call } = await testApp(t)
  const served = await call('GET', '/openapi.json')
  t.strictSame(served.body, document)
})

t.test('what the document says of each operation', async (t) => {
  const { document } = await writtenDocument(t)
  const operations = operationsIn(document)
  const validate = validatorOf(document)
  t.ok(operations.length > 100)

  t.test('what has a default may be left out, in a query and in a body', async (t) => {
    for (const { operation } of operations) {
      for (const { name, required, schema } of operation.parameters ?? []) {
        if (schema?.default !== undefined) t.equal(required, false, `${operation.operationId} ${name}`)
      }
      const bodies = Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => schema)
      for (const { properties = {}, required = [] } of bodies.filter((schema) => schema !== undefined)) {
        const defaulted = required.filter((name) => properties[name]?.default !== undefined)
        t.strictSame(defaulted, [], String(operation.operationId))
      }
    }
  })

  t.test('an Idempotency-Key is a parameter wherever one is taken', async (t) => {
    for (const { method, operation } of operations) {
      const named = (operation.parameters ?? []).some(({ $ref }) => $ref?.endsWith('/IdempotencyKey'))
      t.equal(named, method === 'post' && '422' in operation.responses, String(operation.operationId))
    }
    const withKey = operations.filter(({ operation }) => '422' in operation.responses)
    t.ok(withKey.length > 15)
  })

  t.test('every answer is described: the errors that any request may get, and the request id', async (t) => {
    for (const { method, operation } of operations) {
      const { responses, operationId = '' } = operation
      const needed = ['400', '405', '408', '415', '429', '500', '503', ...(method === 'get' ? [] : ['413'])]
      if (operation['x-access'] !== 'public') needed.push('401', '403')
      t.strictSame(
        needed.filter((status) => !(status in responses)),
        [],
        operationId,
      )
      for (const [status, response] of Object.entries(responses)) {
        if (response.$ref) {
          const component = document.components?.responses?.[response.$ref.split('/').at(-1) ?? '']
          t.ok(component?.headers?.['X-Request-Id'] && component.content, `${operationId} ${status}`)
        } else {
          t.ok(response.headers?.['X-Request-Id'], `${operationId} ${status}`)
          t.not(response.description, 'Default Response', `${operationId} ${status}`)
        }
      }
    }
  })

  t.test('the credentials and the scope of each', async (t) => {
    for (const { operation } of operations) {
      const { security, description = '', operationId = '' } = operation
      const access = operation['x-access'] ?? ''
      t.equal(security?.length === 0, access === 'public', operationId)
      const schemes = (security ?? []).flatMap((requirement) => Object.keys(requirement))
      for (const scheme of schemes) t.ok(document.components?.securitySchemes?.[scheme], scheme)
      if (!scopes.some((scope) => scope === access)) continue
      t.strictSame(operation['x-scopes'], [access])
      for (const requirement of security ?? [])
        t.strictSame(Object.values(requirement)[0], [access], operationId)
      t.match(description, access, operationId)
    }
  })

  t.test('every parameter and field of these nouns is described', async (t) => {
    for (const { operation } of operations) {
      const { operationId = '', parameters = [], requestBody, responses } = operation
      if (!describedNouns.includes(operationId.split('.')[0] ?? '')) continue
      t.ok(operation.summary && operation.description, operationId)
      const bodies = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
      const schemas = bodies.flatMap((content) => Object.values(content ?? {})).map(({ schema }) => schema)
      const silent = parameters.filter(({ $ref, description }) => !$ref && !description)
      const without = [
        ...silent.map(({ name }) => name),
        ...schemas.flatMap((schema) => undescribed(document, schema)),
      ]
      t.strictSame(without, [], operationId)
    }
  })

  t.test('every example is valid', async (t) => {
    for (const { operation } of operations) {
      const { operationId } = operation
      for (const { name, example, schema } of operation.parameters ?? []) {
        if (example !== undefined) t.equal(validate(schema ?? {}, example), null, `${operationId} ${name}`)
      }
      const bodies = [
        operation.requestBody?.content,
        ...Object.values(operation.responses).map((r) => r.content),
      ]
      for (const { schema, example } of bodies.flatMap((content) => Object.values(content ?? {}))) {
        if (schema && example !== undefined) {
          t.equal(validate(schema, example), null, `${operationId} ${JSON.stringify(example).slice(0, 200)}`)
        }
      }
      const json = operation.requestBody?.content['application/json']
      if (json) t.not(json.example, undefined, `${operationId} has an example`)
    }
    for (const response of Object.values(document.components?.responses ?? {})) {
      const media = response.content?.['application/json']
      t.equal(validate(media?.schema ?? {}, media?.example), null)
    }
  })
})
