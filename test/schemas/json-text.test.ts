import fc from 'fast-check'
import t from 'tap'
import type { ApiError } from '../../schemas/errors.ts'
import { readJson } from '../../schemas/json-text.ts'

const read = (text: string) => readJson(Buffer.from(text))
/** The refusal's reason and path; null for what is read. */
const refusal = (text: string) => {
  try {
    read(text)
    return null
  } catch (error) {
    const { reason, details } = error as ApiError
    return [reason, details?.[0]?.path]
  }
}

t.test('whatever JSON.stringify writes is read as it is', async () => {
  // -0 is written as 0, and the two names would change what objects inherit.
  const value = fc
    .jsonValue({ maxDepth: 5 })
    .filter((any) => !/"(__proto__|prototype)":/.test(JSON.stringify(any)))
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, '\t'), (any, space) => {
      const text = JSON.stringify(any, null, space)
      if (JSON.stringify(read(text), null, space) !== text) throw new Error(text)
    }),
    { numRuns: 500 },
  )
})

t.test('a number is refused, or comes out as the value that went in', async (t) => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 25 })
  const literal = fc
    .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.option(fc.integer({ min: -30, max: 30 })))
    .map(([sign, whole, fraction, exponent]) => {
      const integer = whole.replace(/^0+(?=\d)/, '')
      return `${sign}${integer}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`
    })
  // Scaled to whole numbers, so that they can be compared exactly.
  const exact = (text: string) => {
    const [number = '', exponent = '0'] = text.split('e')
    const [whole = '', fraction = ''] = number.split('.')
    return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length + 400)
  }
  fc.assert(
    fc.property(literal, (text) => {
      const isSame = exact(text) === exact(String(Number(text)))
      const isRead = refusal(`{"a":${text}}`) === null
      if (isRead !== isSame) throw new Error(`${text} was ${isRead ? 'read' : 'refused'}`)
    }),
    { numRuns: 2000 },
  )
  for (const text of ['1e400', '-1e400', '1e-400', `1${'0'.repeat(400)}`, `0.${'0'.repeat(400)}1`]) {
    t.same(refusal(text), ['inexact_number', 'body'], text.slice(0, 10))
  }
  for (const text of ['0e999', '-0', '1.000', `0.${'0'.repeat(400)}1e401`])
    t.doesNotThrow(() => read(text), text)
})

t.test('a field that is there twice is refused with its path, however its name is written', async (t) => {
  for (const [text, path] of [
    ['{"a":1,"a":2}', 'body.a'],
    ['{"a":1,"\\u0061":2}', 'body.a'],
    ['[{"b":{"":1,"":2}}]', 'body.0.b'],
    ['{"a":{"b":1},"c":{"b":1,"d":{"b":1},"b":2}}', 'body.c.b'],
  ] as const) {
    t.same(refusal(text), ['duplicate_field', path], text)
  }
  t.same(read('{"a":{"b":1},"b":{"b":[{"b":1},{"b":2}]}}'), { a: { b: 1 }, b: { b: [{ b: 1 }, { b: 2 }] } })
})
