import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { errorDescriptions } from '../schemas/openapi/responses.ts'

/** The API's scope, with bodies and queries typed by their schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** An answer without a body. */
export const noContent = Type.Null({ description: 'Done' })

/**
 * The responses of a route, for its schema: the good ones, and the errors it can answer with.
 * @param good schema by status
 */
export function answers<G extends Record<number, TSchema>>(good: G, ...codes: number[]): G {
  const responses: Record<number, unknown> = { ...good }
  for (const code of codes) responses[code] = { description: errorDescriptions[code], $ref: 'Error#' }
  return responses as G
}
