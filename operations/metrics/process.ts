import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client'
import { jobChannel } from '../../db/jobs.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Operation } from '../core/operation.ts'
import { operationChannel } from '../core/runner.ts'
import { attemptChannel, isDelivered, type Outcome } from '../webhooks/send.ts'

/** In seconds. */
export const QUICK = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const SLOW = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** What a tracing channel tells: the context that the work began with, and how it ended. */
type Ended<C> = C & { readonly error?: unknown; readonly result?: unknown }

/**
 * Measures what a process does, in the API and in the worker: operations, bcrypt, revocations, uploads, attempts at
 * webhooks and jobs. Every label has a bounded number of values: names that stand in the code, and outcomes.
 * @returns ends the measuring
 */
export function measureProcess(registry: Registry): () => void {
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const histogram = (name: string, help: string, labelNames: string[], buckets = QUICK) =>
    new Histogram({ name, help, labelNames, buckets, registers })

  const operations = histogram(
    'anteroom_operation_duration_seconds',
    'Time that an operation took, by its name and outcome: ok, or the code of the error',
    ['operation', 'outcome'],
  )
  const bcrypts = histogram(
    'anteroom_bcrypt_duration_seconds',
    'Time of a bcrypt, including its wait for a thread',
    ['kind'],
  )
  const pending = new Gauge({
    name: 'anteroom_bcrypt_pending',
    help: 'bcrypts in work or waiting for a thread',
    labelNames: ['kind'],
    registers,
  })
  const settles = histogram(
    'anteroom_revocation_settle_seconds',
    'Time until a change of credentials held in every instance; lapsed: the lease of an instance had to end for it',
    ['outcome'],
  )
  const uploading = new Gauge({
    name: 'anteroom_uploads_in_progress',
    help: 'Uploads, or parts of them, that are arriving',
    registers,
  })
  const uploads = new Counter({
    name: 'anteroom_uploads_total',
    help: 'Uploads, or parts of them, that arrived or broke off',
    labelNames: ['outcome'],
    registers,
  })
  const uploadedBytes = new Counter({
    name: 'anteroom_upload_bytes_total',
    help: 'Bytes of uploads that arrived, whole or not',
    registers,
  })
  const attempts = histogram(
    'anteroom_webhook_attempt_seconds',
    'Time of an attempt to deliver an event: delivered, refused (no 2xx), unanswered, or aborted by a stop',
    ['outcome'],
    SLOW,
  )
  const jobs = histogram('anteroom_job_duration_seconds', 'Time of a job', ['queue', 'outcome'], SLOW)

  for (const kind of ['hash', 'verify']) pending.set({ kind }, 0)
  const ends = [
    follow<{ operation: Operation }>(operationChannel, ({ operation, error }, seconds) => {
      operations.observe({ operation: operation.name, outcome: outcomeOf(error) }, seconds)
    }),
    follow<{ kind: string }>(
      tracingChannel('anteroom:bcrypt'),
      ({ kind }, seconds) => {
        pending.dec({ kind })
        bcrypts.observe({ kind }, seconds)
      },
      ({ kind }) => pending.inc({ kind }),
    ),
    follow<{ lapsed: boolean }>(tracingChannel('anteroom:settle'), ({ lapsed }, seconds) => {
      settles.observe({ outcome: lapsed ? 'lapsed' : 'acknowledged' }, seconds)
    }),
    follow<{ bytes: number }>(
      tracingChannel('anteroom:upload'),
      ({ bytes, error }) => {
        uploading.dec()
        uploads.inc({ outcome: error === undefined ? 'arrived' : 'broken_off' })
        uploadedBytes.inc(bytes)
      },
      () => uploading.inc(),
    ),
    follow(attemptChannel, ({ result }, seconds) => {
      attempts.observe({ outcome: outcomeOfAttempt(result as Outcome | null) }, seconds)
    }),
    follow<{ queue: string }>(jobChannel, ({ queue, error }, seconds) => {
      jobs.observe({ queue, outcome: error === undefined ? 'done' : 'failed' }, seconds)
    }),
  ]
  return () => {
    for (const end of ends) end()
  }
}

function follow<C extends object>(
  channel: TracingChannel,
  onEnd: (context: Ended<C>, seconds: number) => void,
  onStart: (context: C) => void = () => {},
): () => void {
  const began = new WeakMap<object, number>()
  const subscribers = {
    start(context: object) {
      began.set(context, performance.now())
      onStart(context as C)
    },
    asyncEnd(context: object) {
      // Work that was under way when the measuring began is not counted.
      const start = began.get(context)
      if (start !== undefined) onEnd(context as Ended<C>, (performance.now() - start) / 1000)
    },
  } as Parameters<TracingChannel['subscribe']>[0]
  channel.subscribe(subscribers)
  return () => channel.unsubscribe(subscribers)
}

function outcomeOf(error: unknown): string {
  if (error === undefined) return 'ok'
  return error instanceof ApiError ? error.code : 'INTERNAL'
}

function outcomeOfAttempt(outcome: Outcome | null): string {
  if (outcome === null) return 'aborted'
  if (outcome.status === null) return 'unanswered'
  return isDelivered(outcome) ? 'delivered' : 'refused'
}
