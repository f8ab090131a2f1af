import fc, { type Arbitrary } from 'fast-check'
import type { FuzzOperation } from './operations.ts'
import { asJson, latin, type Plan, type PlannedBody } from './plan.ts'
import { oddTexts, oddValues } from './values.ts'

/** One thing that is wrong with a request. */
export interface Twist {
  readonly name: string
  apply(plan: Plan): Partial<Plan>
}

/** Things that can be wrong with a request to an operation. */
export function twists(operation: FuzzOperation): Arbitrary<Twist> {
  const hasJson = operation.bodies['application/json'] !== undefined
  return fc.oneof(
    { weight: hasJson ? 6 : 0, arbitrary: wrongJson },
    { weight: operation.method === 'GET' ? 0 : 3, arbitrary: wrongBody },
    { weight: operation.path.includes('{') ? 3 : 0, arbitrary: wrongPath },
    { weight: 2, arbitrary: wrongQuery },
    { weight: 2, arbitrary: wrongHeader },
    { weight: 1, arbitrary: wrongMethod },
  )
}

const oddValue = fc.oneof(fc.constantFrom(...oddValues), fc.jsonValue({ maxDepth: 3 }))

/** One value of the body is another, or one field too few or too many. */
const wrongJson: Arbitrary<Twist> = fc
  .tuple(
    fc.nat(50),
    oddValue,
    fc.constantFrom('replace', 'remove', 'add', 'whole'),
    fc.constantFrom('extra', '__proto__', 'constructor', ''),
  )
  .map(([at, value, how, name]) => ({
    name: `${how} in the body`,
    apply: ({ body }) => ({ body: asJson(changed(body?.json ?? {}, at, value, how, name)) }),
  }))

function changed(json: unknown, at: number, value: unknown, how: string, name: string): unknown {
  const copy = structuredClone(json)
  const places = placesIn(copy)
  const place = places[at % Math.max(places.length, 1)]
  if (how === 'whole' || !place) return value
  if (how === 'add') {
    // Assigned, `__proto__` would be the prototype and no field.
    Object.defineProperty(place.holder, Array.isArray(place.holder) ? place.holder.length : name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  } else if (how === 'remove') Reflect.deleteProperty(place.holder, place.key)
  else Reflect.set(place.holder, place.key, value)
  return copy
}

function placesIn(json: unknown): { holder: object; key: string }[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]) => [{ holder: json, key }, ...placesIn(value)])
}

const rawBodies: readonly PlannedBody[] = [
  { type: 'application/json', bytes: '{' },
  { type: 'application/json', bytes: '' },
  { type: 'application/json', bytes: 'null' },
  { type: 'application/json', bytes: '{"a":1,"a":2}' },
  { type: 'application/json', bytes: '\xef\xbb\xbf{}' },
  { type: 'application/json', bytes: '{"name":"\xff\xfe"}' },
  { type: 'application/json', bytes: `${'['.repeat(5000)}${']'.repeat(5000)}` },
  { type: 'application/json', bytes: `{"a":${'9'.repeat(400)}}` },
  { type: 'application/json', bytes: '{"metadata":{"n":1546130668394913822,"e":1e-400}}' },
  { type: 'application/json', bytes: '{"__proto__":{"polluted":true}}' },
  { type: 'application/json', bytes: `{"name":"${'x'.repeat(1_200_000)}"}` },
  { type: 'application/json; charset=utf-16', bytes: '{}' },
  { type: 'application/problem+json', bytes: '{}' },
  { type: 'APPLICATION/JSON', bytes: '{}' },
  { type: 'text/plain', bytes: '{}' },
  { type: 'application/xml', bytes: '<a/>' },
  { type: 'application/x-www-form-urlencoded', bytes: 'name=x&name=y' },
  { type: 'multipart/form-data', bytes: '--x' },
  { type: 'multipart/form-data; boundary=', bytes: '--' },
  { type: `multipart/form-data; boundary=${'b'.repeat(300)}`, bytes: `--${'b'.repeat(300)}--` },
  {
    type: 'multipart/form-data; boundary=x',
    bytes: '--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--',
  },
  { type: 'application/offset+octet-stream', bytes: 'abc' },
  { type: '', bytes: '{}' },
  { type: null, bytes: '{}' },
  { type: 'a/b/c;;=', bytes: '{}' },
]

const wrongBody: Arbitrary<Twist> = fc.constantFrom(...rawBodies).map((body) => ({
  name: 'another body',
  apply: () => ({ body }),
}))

const oddParts = [
  '%00',
  '%2e%2e%2f',
  '%252e%252e',
  '..;',
  '%',
  '%zz',
  '%ff%fe',
  '%ed%a0%80',
  '~',
  "'",
  'x'.repeat(199),
  'x'.repeat(5000),
  'null',
  '{}',
  '*',
  encodeURIComponent('🙂漢'),
  'key_7zzzzzzzzzzzzzzzzzzzzzzzzz',
  'cmp_00000000000000000000000000',
  'CMP_01JD8M3K5VE2PT7C9X4HW6QA0Z',
]

const wrongPath: Arbitrary<Twist> = fc
  .tuple(fc.constantFrom(...oddParts), fc.constantFrom('', '/', '//', '/x', '?'))
  .map(([part, end]) => ({
    name: 'another path',
    apply: ({ operation }) => ({ path: operation.path.replaceAll(/\{\w+\}/g, () => part) + end }),
  }))

const queryNames = [
  'limit',
  'cursor',
  'from',
  'to',
  'status',
  'interval',
  'unknown',
  '__proto__',
  'limit[]',
  'a[b][c]',
  '',
  'access_token',
]
const queryValues = [
  ...oddTexts.filter((text) => text.length < 100),
  '-1',
  '0',
  '101',
  '1e3',
  '2024-01-01',
  '2024-01-01T00:00:00+02:00',
  'sk_dev_x',
]

const wrongQuery: Arbitrary<Twist> = fc
  .array(fc.tuple(fc.constantFrom(...queryNames), fc.constantFrom(...queryValues)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((query) => ({ name: 'another query', apply: (plan) => ({ query: [...plan.query, ...query] }) }))

const oddHeaders: readonly (readonly [string, string])[] = [
  ['Idempotency-Key', ''],
  ['Idempotency-Key', 'x'.repeat(256)],
  ['Idempotency-Key', latin('ключ')],
  ['Accept', 'application/xml'],
  ['Accept', 'text/html'],
  ['Accept-Encoding', 'identity;q=0'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'x'],
  ['Cookie', 'anteroom=ds_x; __proto__=1; ='],
  ['Expect', '100-continue'],
  ['If-None-Match', '*'],
  ['If-Modified-Since', 'yesterday'],
  ['Last-Event-ID', 'x'.repeat(300)],
  ['Last-Event-ID', 'evt_01jd8m3k5ve2pt7c9x4hw6qa0z'],
  ['Origin', 'null'],
  ['Origin', 'https://elsewhere.invalid'],
  ['Range', 'bytes=5-1'],
  ['Range', `bytes=${'0-1,'.repeat(200)}0-1`],
  ['Sec-Fetch-Site', 'cross-site'],
  ['Transfer-Encoding', 'chunked'],
  ['Tus-Resumable', '0.2.2'],
  ['Upload-Length', '-1'],
  ['Upload-Length', '99999999999999999999'],
  ['Upload-Offset', 'x'],
  ['Upload-Metadata', 'questionId'],
  ['Upload-Metadata', 'questionId dGV4dA=='],
  ['Upload-Concat', 'partial'],
  ['Upload-Defer-Length', '1'],
  ['User-Agent', ''],
  ['User-Agent', latin('агент\u2028') + 'x'.repeat(3000)],
  ['X-Forwarded-For', '203.0.113.9:50001, [::1]'],
  ['X-Forwarded-Host', 'elsewhere.invalid'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Request-Id', 'req_mine'],
  ['X-Long', 'x'.repeat(9000)],
  ['X-Longer', 'x'.repeat(17_000)],
]

const wrongHeader: Arbitrary<Twist> = fc
  .subarray([...oddHeaders], { minLength: 1, maxLength: 4 })
  .map((headers) => ({
    name: 'other headers',
    apply: (plan) => ({ headers: [...plan.headers, ...headers] }),
  }))

const wrongMethod: Arbitrary<Twist> = fc
  .constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND')
  .map((method) => ({ name: 'another method', apply: () => ({ method }) }))
