import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import Type, { type TSchema } from 'typebox'

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

const errors: Record<number, string> = {
  400: 'A header, the body or a parameter is missing or malformed',
  401: 'No credential, or one that is not valid',
  403: 'The credential is valid and not enough',
  404: 'There is no such thing in this organization',
  409: 'The state does not allow it, or it exists already',
  413: 'The body is too large',
  415: 'The body is of another type',
  422: 'The Idempotency-Key was used with another request',
  429: 'Too many requests',
  503: 'Temporarily unavailable',
}

/**
 * The responses of a route, for its schema: the good ones, and the errors it can answer with.
 * @param good schema by status
 */
export function answers<G extends Record<number, TSchema>>(good: G, ...codes: number[]): G {
  const responses: Record<number, unknown> = { ...good }
  for (const code of codes) responses[code] = { description: errors[code], $ref: 'Error#' }
  return responses as G
}
