import type { Scope } from '../../schemas/access.ts'
import type { DrillStep } from '../../schemas/drills.ts'
import type { Outcome } from '../webhooks/send.ts'

/** The API's answer to a step. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** JSON. Empty where the answer has no body. */
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Calls this API as any client does.
 * @param credential whose: null nobody's, `caller` the caller's own (the default), or a bearer token
 */
export type Ask = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  options?: { credential?: 'caller' | { bearer: string } | null; body?: unknown },
) => Promise<Answer>

/** What drills work with. */
export interface DrillTools {
  readonly ask: Ask
  /** Reports a key as a secret-scanning partner does. */
  reportLeak(key: string): Promise<void>
  /** Opens a session of the organization, only for the drill. @returns its refresh token */
  openSession(): Promise<string>
  /** How far the organization's time is ahead of the real one. @returns milliseconds */
  clockAheadMs(): Promise<number>
  readonly receiver: Receiver
}

/** The webhook whose receiver is drilled. */
export interface Receiver {
  readonly url: string
  /** Sends a message that is signed as every delivery is, unless it has a fault. */
  send(message: DrillMessage): Promise<Outcome>
}

/** A message of a drill. */
export interface DrillMessage {
  readonly id: string
  readonly createdAt: Date
  readonly data: Record<string, unknown>
  /** What is wrong with it. */
  readonly fault?: 'foreign secret' | 'changed body' | 'old timestamp'
}

/** An exercise on the caller's own organization. */
export interface Drill {
  /** The scope that its caller needs. */
  readonly access: Exclude<Scope, '*'>
  /** Whether it needs a webhook. */
  readonly needsReceiver?: boolean
  run(tools: DrillTools, report: Report): Promise<void>
}

/** What was done, expected and seen. */
export class Report {
  readonly steps: DrillStep[] = []

  /** Notes a step. @returns whether it went as expected */
  note(step: string, expected: string, seen: string, ok: boolean): boolean {
    this.steps.push({ step, expected, seen, ok })
    return ok
  }

  /** Notes an answer that should have a status. */
  status(step: string, expected: number, { status, body }: Answer): boolean {
    const error = body.error as { message?: string } | undefined
    return this.note(
      step,
      String(expected),
      error?.message ? `${status} ${error.message}` : String(status),
      status === expected,
    )
  }
}
