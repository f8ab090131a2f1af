import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import type { FastifySchemaValidationError, FastifyValidationResult } from 'fastify/types/schema.js'
import fp from 'fastify-plugin'
import { badRequest } from '../schemas/errors.ts'

/**
 * Validation that changes nothing of a body: a number is no text and null is no blank. Parameters of the URL are
 * text by nature, so that there, and only there, types are coerced. What a schema does not know is refused.
 */
export default fp(
  async (app: FastifyInstance) => {
    const options = { allErrors: true, removeAdditional: false, useDefaults: true, strict: false } as const
    const body = new Ajv({ ...options, coerceTypes: false })
    const parameters = new Ajv({ ...options, coerceTypes: true })
    addFormats.default(body)
    addFormats.default(parameters)
    app.withTypeProvider<TypeBoxTypeProvider>().setValidatorCompiler(({ schema, httpPart }) => {
      if (httpPart !== 'body') return parameters.compile(schema as object)
      const check = body.compile(schema as object)
      return isOptional(schema) ? optional(check) : check
    })

    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
      // Clients set the content type on every request, also where they send nothing.
      if (text.length === 0) return done(null, undefined)
      void parse(request, text as string, (error, value) => {
        if (error) return done(badRequest('body', `is not valid JSON: ${error.message}`))
        // PostgreSQL holds every character but this one, in text and in JSON.
        if (hasNul(text as string, value))
          return done(badRequest('body', 'holds the control character U+0000'))
        done(null, value)
      })
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

function hasNul(text: string, value: unknown): boolean {
  return text.includes('\\u0000') && JSON.stringify(value).replaceAll('\\\\', '').includes('\\u0000')
}
