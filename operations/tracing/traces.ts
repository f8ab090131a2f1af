import { AsyncLocalStorage } from 'node:async_hooks'
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { jobChannel } from '../../db/jobs.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Operation } from '../core/operation.ts'
import { operationChannel } from '../core/runner.ts'
import { attemptChannel, type Message, type Outcome } from '../webhooks/send.ts'

/** What traces are told of the process. */
export interface TracesOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`, without a trailing slash. */
  readonly endpoint: string
  readonly service: 'anteroom-api' | 'anteroom-worker'
  readonly environment: string
  readonly version: string
}

/** What work is called in a trace. */
interface Described {
  readonly name: string
  readonly kind?: SpanKind
  readonly attributes?: Attributes
}

type Ended<C> = C & { readonly error?: unknown; readonly result?: unknown }

const CLOSE_MS = 1000

const propagator = new W3CTraceContextPropagator()

/**
 * Traces by OpenTelemetry, sent as OTLP over HTTP. Spans name routes, operations and queues: never a URL, a body or a
 * credential. This file and its libraries are loaded only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
 */
export class Traces {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #current = new AsyncLocalStorage<Context>()
  readonly #ends: (() => void)[]

  constructor({ endpoint, service, environment, version }: TracesOptions) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.version': version,
        'deployment.environment.name': environment,
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    })
    this.#tracer = this.#provider.getTracer('anteroom', version)
    this.#ends = [
      this.#follow<{ operation: Operation }>(operationChannel, ({ operation: { name, kind } }) => ({
        name,
        attributes: { 'anteroom.operation.kind': kind },
      })),
      this.#follow<{ kind: string }>(tracingChannel('anteroom:bcrypt'), ({ kind }) => ({
        name: `bcrypt ${kind}`,
      })),
      this.#follow(tracingChannel('anteroom:settle'), () => ({ name: 'revocation settle' })),
      this.#follow<{ queue: string }>(jobChannel, ({ queue }) => ({
        name: `job ${queue}`,
        kind: SpanKind.CONSUMER,
        attributes: { 'messaging.destination.name': queue },
      })),
      this.#followAttempts(),
    ]
  }

  /**
   * Begins the span of a request, as a part of the trace that its `traceparent` names (W3C Trace Context).
   * @param headers of the request
   */
  beginRequest(name: string, attributes: Attributes, headers: object): Span {
    const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
    return this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
  }

  /** Runs what belongs to a span. */
  within(span: Span, run: () => void): void {
    this.#current.run(trace.setSpan(ROOT_CONTEXT, span), run)
  }

  /** Sends what is left, for a second at most: a collector that is away holds nobody up. */
  async close(): Promise<void> {
    for (const end of this.#ends) end()
    const sent = this.#provider.shutdown().catch(() => {})
    await Promise.race([sent, delay(CLOSE_MS, undefined, { ref: false })])
  }

  #followAttempts(): () => void {
    type Attempt = { message: Message; headers: Record<string, string> }
    const describe = ({ message }: Attempt) => ({
      name: 'webhook attempt',
      kind: SpanKind.CLIENT,
      attributes: { 'anteroom.event.id': message.id },
    })
    return this.#follow<Attempt>(attemptChannel, describe, {
      // The receiver's spans become a part of this trace.
      onStart: ({ headers }, context) => propagator.inject(context, headers, defaultTextMapSetter),
      onEnd(span, { result }) {
        const outcome = result as Outcome | null | undefined
        if (outcome?.status) span.setAttribute('http.response.status_code', outcome.status)
        if (outcome?.error) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error })
      },
    })
  }

  /** Makes a span of whatever a tracing channel tells of. What runs inside becomes its child. */
  #follow<C extends object>(
    channel: TracingChannel,
    describe: (context: C) => Described,
    more: { onStart?(context: C, trace: Context): void; onEnd?(span: Span, context: Ended<C>): void } = {},
  ): () => void {
    const spans = new WeakMap<object, Span>()
    channel.start.bindStore(this.#current, (told) => {
      const { name, kind = SpanKind.INTERNAL, attributes = {} } = describe(told as C)
      const parent = this.#current.getStore() ?? ROOT_CONTEXT
      const span = this.#tracer.startSpan(name, { kind, attributes }, parent)
      spans.set(told as object, span)
      const context = trace.setSpan(parent, span)
      more.onStart?.(told as C, context)
      return context
    })
    const subscribers = {
      asyncEnd(told: object) {
        const span = spans.get(told)
        if (!span) return
        const ended = told as Ended<C>
        if (ended.error !== undefined) fail(span, ended.error)
        more.onEnd?.(span, ended)
        span.end()
      },
    } as Parameters<TracingChannel['subscribe']>[0]
    channel.subscribe(subscribers)
    return () => {
      channel.start.unbindStore(this.#current)
      channel.unsubscribe(subscribers)
    }
  }
}

// A refusal is an answer. What it says may hold what the caller sent, so that the trace has its code alone.
function fail(span: Span, error: unknown): void {
  const code = error instanceof ApiError ? error.code : 'INTERNAL'
  span.setAttribute('error.type', error instanceof ApiError ? (error.reason ?? code) : code)
  if (code === 'INTERNAL' || code === 'UNAVAILABLE') span.setStatus({ code: SpanStatusCode.ERROR })
}
