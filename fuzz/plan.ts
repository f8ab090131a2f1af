import type { CredentialName } from './credentials.ts'
import type { FuzzOperation } from './operations.ts'

/** A body as it is sent. */
export interface PlannedBody {
  readonly type: string | null
  /** In Latin-1: each character is a byte. */
  readonly bytes: string
  /** What it says, where it is JSON. */
  readonly json?: unknown
}

/** A request before it is sent: ids, passwords and tokens are places that a pool fills. */
export interface Plan {
  readonly operation: FuzzOperation
  readonly method: string
  readonly credential: CredentialName
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: readonly (readonly [string, string])[]
  readonly body: PlannedBody | null
  /** What was done to it so that it does not fit the document any more. */
  readonly twist: string | null
}

/** A body that says this in JSON. */
export function asJson(json: unknown): PlannedBody {
  return { type: 'application/json', bytes: latin(JSON.stringify(json) ?? ''), json }
}

/** The UTF-8 of a text, a character for each byte. */
export function latin(text: string): string {
  return Buffer.from(text).toString('latin1')
}
