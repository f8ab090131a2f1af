import { type Span, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Traces, type TracesOptions } from '../operations/tracing/traces.ts'

/** A span a request. Operations, bcrypts and revocations within it are its children. */
export default fp<Omit<TracesOptions, 'service'>>(
  async (app: FastifyInstance, options) => {
    const traces = new Traces({ ...options, service: 'anteroom-api' })
    const spans = new WeakMap<FastifyRequest, Span>()
    app.addHook('onRequest', (request, _reply, done) => {
      const { method, id } = request
      const route = request.routeOptions.url
      const attributes = {
        'http.request.method': method,
        'anteroom.request.id': id,
        ...(route ? { 'http.route': route } : {}),
      }
      const span = traces.beginRequest(route ? `${method} ${route}` : method, attributes, request.headers)
      spans.set(request, span)
      traces.within(span, done)
    })
    // A body arrives in the context of its connection.
    app.addHook('preValidation', (request, _reply, done) => {
      const span = spans.get(request)
      if (span) traces.within(span, done)
      else done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const span = spans.get(request)
      const { statusCode } = reply.raw
      span?.setAttribute('http.response.status_code', statusCode)
      if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
      span?.end()
      done()
    })
    app.addHook('onClose', () => traces.close())
  },
  { name: 'tracing' },
)
