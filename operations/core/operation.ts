import type postgres from 'postgres'
import type { Static, TObject, TSchema } from 'typebox'
import type { Queryable } from '../../db/connect.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { AuditContext } from '../audit/audit.ts'
import type { Actor } from '../credentials/principals.ts'
import type { AccessRule } from './access.ts'
import type { Reporting } from './effects.ts'
import type { Services } from './services.ts'
import type { Ended, Standing } from './standing.ts'

/** An operation's input, for code that runs any of them. */
export type Input = Record<string, unknown>

/** Where a call comes from. */
export interface Origin {
  readonly ip: string
  readonly userAgent: string | null
  readonly requestId: string
  /** The mark that a browser has kept since a log-in, by which log-ins from it are throttled apart; null without one. */
  readonly device: string | null
}

/** What every operation sees. */
export interface Context {
  readonly services: Services
  readonly origin: Origin
  /** Who asks. Public operations have nobody. */
  readonly actor: Actor
  readonly organizationId: string
  /** Who acts, for the audit log. */
  readonly auditContext: AuditContext
}

/** What an operation that only reads works with. */
export interface ReadContext extends Context {
  /** Asks one question of the organization's rows, in one round trip. */
  read<Row extends readonly postgres.MaybeRow[]>(
    query: (tx: Queryable) => postgres.PendingQuery<Row>,
  ): Promise<Row>
}

/** What an operation that changes something works with: one transaction, and what it reports. */
export interface WriteContext extends Context, Reporting {
  readonly tx: postgres.TransactionSql
}

interface Described<I extends TObject, O extends TSchema> extends AccessRule {
  /**
   * Noun and verb, e.g. `keys.revoke`: the operation's name in the OpenAPI document, GraphQL, MCP, the command line,
   * traces and the docs.
   */
  readonly name: `${string}.${string}`
  /** One line, imperative: what it does. */
  readonly summary: string
  /** What a caller has to know: a few sentences in Markdown. */
  readonly description?: string
  readonly input: I
  readonly output: O
  /** Statuses that it answers with besides those that every operation of its kind has, e.g. 409. */
  readonly errors?: readonly number[]
  /** Bodies of errors that say more than the envelope does, by status. */
  readonly errorBodies?: Readonly<Record<number, TSchema>>
  /** An input that works on a new sandbox, for docs and tests. */
  readonly example?: Partial<Static<I>>
}

/** An operation that reads and changes nothing. */
export interface ReadOperation<I extends TObject = TObject, O extends TSchema = TSchema>
  extends Described<I, O> {
  readonly kind: 'read'
  run(context: ReadContext, input: Static<I>): Promise<Static<O>> | Static<O>
}

/** An operation that changes something, in one transaction. */
export interface WriteOperation<I extends TObject = TObject, O extends TSchema = TSchema, P = unknown>
  extends Described<I, O> {
  readonly kind: 'write'
  /**
   * Whose rows the transaction sees: those of the caller's organization, or (`system`) all, for accounts of people who
   * belong to several organizations. `tenant` unless told otherwise.
   */
  readonly scope?: 'tenant' | 'system'
  /**
   * How the rows of the presented credential are locked: in share mode unless told otherwise. `person` for what belongs to
   * the user in person: the user is locked first, so that operations of one person take turns.
   */
  readonly standing?: Standing
  /**
   * The credentials that it ends or narrows, which may be the presented one. The runner locks them together with the
   * presented one, in one order.
   */
  ends?(input: Static<I>, actor: Actor, prepared: P): Ended
  /** Adds the receipt of its invalidations to the answer. */
  readonly receipt?: true
  /** Slow work before the transaction: hashing, calls to other servers. It holds no connection and no lock. */
  prepare?(context: ReadContext, input: Static<I>): Promise<P>
  run(context: WriteContext, input: Static<I>, prepared: P): Promise<Output<O>>
}

/** What an operation without a credential works with. Every audit record names its context. */
export interface PublicContext extends Reporting {
  readonly services: Services
  readonly origin: Origin
  readonly tx: postgres.TransactionSql
}

/** An operation that needs no credential: sign-up, log-in, what a mailed link does. */
export interface PublicOperation<I extends TObject = TObject, O extends TSchema = TSchema, P = unknown>
  extends Omit<Described<I, O>, 'access' | 'beforeSecondFactor'> {
  readonly kind: 'public'
  readonly access: 'public'
  /** As of a write. It finds out who is concerned. */
  prepare?(context: Pick<PublicContext, 'services' | 'origin'>, input: Static<I>): Promise<P>
  /** The organization whose rows the transaction sees; unset: all. */
  organizationOf?(prepared: P): string
  /**
   * Who asks, for an operation of one organization that takes an `Idempotency-Key`: keys of two callers do not collide.
   * Unset: it takes none.
   */
  callerOf?(prepared: P): string
  run(context: PublicContext, input: Static<I>, prepared: P): Promise<Static<O> | Refusal>
}

/** A read throws this where the organization has been erased since the credential was checked. */
export class OrganizationGone extends ApiError {
  constructor() {
    super('UNAVAILABLE', 'The organization is being erased: try again')
  }
}

/** A public operation returns this to refuse its caller and still commit its changes. */
export class Refusal {
  readonly error: ApiError

  constructor(error: ApiError) {
    this.error = error
  }
}

/** What `run` answers: the output, of which the runner adds the receipt. */
type Output<O extends TSchema> =
  Static<O> extends { receipt: unknown } ? Omit<Static<O>, 'receipt'> : Static<O>

/** Any operation, for whoever lists or runs them. */
export type Operation = ReadOperation | WriteOperation | PublicOperation

/** Declares an operation that reads. */
export function readOperation<I extends TObject, O extends TSchema>(
  spec: Omit<ReadOperation<I, O>, 'kind'>,
): ReadOperation<I, O> {
  return { ...spec, kind: 'read' }
}

/** Declares an operation that changes something. */
export function writeOperation<I extends TObject, O extends TSchema, P = undefined>(
  spec: Omit<WriteOperation<I, O, P>, 'kind'>,
): WriteOperation<I, O, P> {
  return { ...spec, kind: 'write' }
}

/**
 * Declares an operation that needs no credential.
 * @public
 */
export function publicOperation<I extends TObject, O extends TSchema, P = undefined>(
  spec: Omit<PublicOperation<I, O, P>, 'kind' | 'access'>,
): PublicOperation<I, O, P> {
  return { ...spec, kind: 'public', access: 'public' }
}
