import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import type { FastifySchemaValidationError, FastifyValidationResult } from 'fastify/types/schema.js'
import fp from 'fastify-plugin'

/**
 * Validation that changes nothing of a body: a number is no text and null is no blank. Parameters of the URL are
 * text by nature, so that there, and only there, types are coerced. What a schema does not know is refused.
 */
export default fp(
  async (app: FastifyInstance) => {
    const options = { allErrors: true, removeAdditional: false, useDefaults: true, strict: false } as const
    const body = new Ajv({ ...options, coerceTypes: false })
    const parameters = new Ajv({ ...options, coerceTypes: true })
    for (const ajv of [body, parameters]) {
      addFormats.default(ajv)
      refuseUnreadableTimes(ajv)
    }
    app.withTypeProvider<TypeBoxTypeProvider>().setValidatorCompiler(({ schema, httpPart }) => {
      if (httpPart !== 'body') return parameters.compile(schema as object)
      const check = body.compile(schema as object)
      return isOptional(schema) ? optional(check) : check
    })
  },
  { name: 'validation' },
)

/** Whether a body's schema says that there may be none. */
export function isOptional(schema: unknown): boolean {
  return (schema as { '~optional'?: boolean } | undefined)?.['~optional'] === true
}

// Fastify hands null over where there is no body.
function optional(check: ValidateFunction): FastifyValidationResult {
  return (data) => {
    if (data === null || check(data)) return true
    return { error: check.errors as FastifySchemaValidationError[] }
  }
}

// RFC 3339 also has leap seconds and ajv-formats a blank for the T: what the process can't read is no time to it.
function refuseUnreadableTimes(ajv: Ajv): void {
  const known = ajv.formats['date-time'] as { validate(text: string): boolean }
  ajv.addFormat('date-time', {
    validate: (text: string) => known.validate(text) && /t/i.test(text) && !Number.isNaN(Date.parse(text)),
  })
}
