import type { Scope } from '../../schemas/access.ts'
import type { DrillStep } from '../../schemas/drills.ts'
import type { Outcome } from '../webhooks/send.ts'

/** An answer of the API to a step. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** JSON: a step takes out of it what it expects to be there. */
  readonly body: Readonly<Record<string, unknown>>
}

/** What drills work with: the API itself, asked as anyone asks it. */
export interface DrillTools {
  /** @param credential what is presented: null nothing, otherwise the caller's own or a bearer */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options?: { credential?: 'caller' | { bearer: string } | null; body?: unknown },
  ): Promise<Answer>
  /** Reports a key as a secret-scanning partner does. */
  reportLeak(key: string): Promise<void>
  /** Opens a session of the organization's for the drill alone. @returns its refresh token */
  openSession(): Promise<string>
  /** How far the organization's time is ahead of the real one. @returns milliseconds */
  clockAheadMs(): Promise<number>
  /** Sends a message to the receiver that is drilled. */
  readonly receiver: Receiver
}

/** The endpoint whose receiver is drilled. */
export interface Receiver {
  readonly url: string
  /** A message signed as every delivery is, unless the drill wants it otherwise. */
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
  /** What its caller must be allowed. */
  readonly access: Exclude<Scope, '*'>
  /** Whether it needs an endpoint. */
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
