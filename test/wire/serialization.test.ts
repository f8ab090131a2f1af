import fc from 'fast-check'
import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import t from 'tap'
import Type, { type TSchema } from 'typebox'
import { plainSchema } from '../../plugins/serialization.ts'
import { Instant, Nullable } from '../../schemas/primitives.ts'

/** A schema as ours are made, and a value that it describes. */
interface Case {
  readonly schema: TSchema
  readonly value: unknown
}

const words = ['active', 'paused', 'with "quotes" and \\'] as const
// Names that are keywords of JSON Schema too.
const names = ['id', 'type', 'enum', 'required', 'properties', 'anyOf', 'items', 'default']

const { described } = fc.letrec<{ described: Case; simple: Case; object: Case }>((tie) => ({
  simple: fc.oneof(
    fc.string({ unit: 'binary' }).map((value) => ({ schema: Type.String() as TSchema, value })),
    fc.integer().map((value) => ({ schema: Type.Integer() as TSchema, value })),
    fc.boolean().map((value) => ({ schema: Type.Boolean() as TSchema, value })),
    fc.constantFrom(...words).map((value) => ({ schema: Type.Enum([...words]) as TSchema, value })),
    fc
      .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((value) => ({ schema: Instant() as TSchema, value })),
    fc
      .dictionary(fc.string({ minLength: 1 }), fc.jsonValue())
      .map((value) => ({ schema: Type.Record(Type.String(), Type.Unknown()) as TSchema, value })),
  ),
  described: fc.oneof(
    tie('simple'),
    tie('object'),
    fc.tuple(fc.oneof(tie('simple'), tie('object')), fc.boolean()).map(([{ schema, value }, none]) => ({
      schema: Nullable(schema) as TSchema,
      value: none ? null : value,
    })),
    fc.tuple(tie('simple'), fc.nat(9)).map(([{ schema, value }, count]) => ({
      schema: Type.Array(schema) as TSchema,
      value: Array.from({ length: count }, () => value),
    })),
  ),
  object: fc
    .dictionary(fc.constantFrom(...names), tie('described'), { maxKeys: 4, depthIdentifier: 'object' })
    .map((fields) => {
      const entries = Object.entries(fields)
      return {
        schema: Type.Object(
          Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
        ) as TSchema,
        value: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
      }
    }),
}))

t.test('a plainer schema writes the same JSON', async (t) => {
  fc.assert(
    fc.property(described, ({ schema, value }) => {
      const before = JSON.stringify(schema)
      const write = fastJsonStringify(plainSchema(schema) as unknown as Schema)
      t.same(JSON.parse(write(value)), JSON.parse(JSON.stringify(value)))
      if (JSON.stringify(schema) !== before) throw new Error('the schema was changed')
    }),
    { numRuns: 300 },
  )
})

t.test('what it is plainer in', async (t) => {
  t.same(plainSchema(Nullable(Type.String())), { type: 'string', nullable: true })
  t.same(plainSchema(Type.Enum(['a', 'b'])), { enum: ['a', 'b'], type: 'string' })
  t.same(plainSchema(Type.Record(Type.String(), Type.Unknown())), {})
  t.match(
    plainSchema(Type.Record(Type.String(), Type.Boolean())),
    { patternProperties: {} },
    'typed values stay',
  )
  t.match(plainSchema(Type.Object({ type: Type.Enum(['a']) })), { properties: { type: { type: 'string' } } })
})
