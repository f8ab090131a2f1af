import { tracingChannel } from 'node:diagnostics_channel'
import { ApiError } from '../../schemas/errors.ts'
import { actorAuditContext } from '../audit/audit.ts'
import type { Actor } from '../credentials/principals.ts'
import type { Receipt } from '../revocation/receipt.ts'
import { type AccessRule, refusalOf } from './access.ts'
import { type ChangeContext, change } from './change.ts'
import { Idempotency, workOnce } from './idempotency.ts'
import {
  type Input,
  type Operation,
  OrganizationGone,
  type Origin,
  type PublicOperation,
  type ReadContext,
  type ReadOperation,
  Refusal,
  type WriteOperation,
} from './operation.ts'
import type { Services } from './services.ts'
import { type Ended, type Standing, stands } from './standing.ts'

/** Who calls, as a door tells it. */
export interface Caller {
  /** Who asks, as was found when the call began. */
  readonly actor: Actor
  readonly origin: Origin
  /** The `Idempotency-Key`; null without one. */
  readonly idempotencyKey: string | null
  /** Whether time has passed since the credential was checked, as while a body arrived. */
  readonly waited: boolean
  /**
   * Checks the presented credential and its access again.
   * @param forget drops what is cached of it first
   * @throws ApiError what a new call with this credential would get
   */
  revalidate(forget: boolean): Promise<Actor>
}

/** What came of an operation. */
export interface Outcome<T> {
  readonly output: T
  /** Whether it is the kept answer of an earlier call with the same `Idempotency-Key`. */
  readonly replayed: boolean
}

/** How a transaction of the runner is opened. */
interface TransactionSpec {
  readonly name: string
  readonly scope: 'tenant' | 'system'
  readonly standing: Standing
  /** The credentials that the transaction ends or narrows. */
  readonly ends?: (actor: Actor) => Ended
  readonly input: unknown
}

/** What a transaction left behind. */
interface Committed<T> {
  readonly value: T
  readonly replayed: boolean
  readonly receipt: Receipt | null
}

// A credential may change again and again while a write waits.
const MOST_ATTEMPTS = 3

/** One measurement of an operation. Metrics and traces subscribe to it; it costs nothing where nobody does. */
export const operationChannel = tracingChannel('anteroom:operation')

/** Runs operations. All of what holds for each operation is here, and nowhere else. */
export class Runner {
  readonly #services: Services

  constructor(services: Services) {
    this.#services = services
  }

  /**
   * Runs one operation for a caller.
   * @param input valid by the operation's schema
   * @throws ApiError as the operation and its access say
   */
  run(operation: ReadOperation | WriteOperation, caller: Caller, input: Input): Promise<Outcome<unknown>> {
    return traced(operation, caller.origin, () =>
      operation.kind === 'read'
        ? this.#read(operation, caller, input)
        : this.#write(operation, caller, input),
    )
  }

  /**
   * Runs one operation that needs no credential.
   * @param key the `Idempotency-Key`, for an operation that takes one; null without one
   */
  runPublic(
    operation: PublicOperation,
    origin: Origin,
    input: Input,
    key: string | null = null,
  ): Promise<Outcome<unknown>> {
    return traced(operation, origin, async () => {
      const context = { services: this.#services, origin }
      const prepared = await operation.prepare?.(context, input)
      const organizationId = operation.organizationOf?.(prepared) ?? null
      const scope = organizationId === null ? 'system' : 'tenant'
      const target = { scope, organizationId, auditContext: null } as const
      const callerId = operation.callerOf?.(prepared)
      const call =
        key === null || callerId === undefined || organizationId === null
          ? null
          : { organizationId, callerId, key, operation: operation.name, input }
      const idempotency = call && new Idempotency(call, this.#services.encryptionKey)
      const { value: done } = await change(this.#services, target, async (reporting) => {
        const kept = await idempotency?.reserve(reporting.tx)
        return workOnce(idempotency, kept, reporting, (own) =>
          operation.run({ ...context, ...own }, input, prepared),
        )
      })
      if (done.value instanceof Refusal) throw done.value.error
      return { output: done.value, replayed: done.replayed }
    })
  }

  async #read(operation: ReadOperation, caller: Caller, input: Input): Promise<Outcome<unknown>> {
    const context = this.#context(await admit(operation, caller), caller)
    try {
      return { output: await operation.run(context, input), replayed: false }
    } catch (error) {
      // Its credentials are gone too: the caller gets what any later call gets.
      if (error instanceof OrganizationGone) await caller.revalidate(true)
      throw error
    }
  }

  async #write(operation: WriteOperation, caller: Caller, input: Input): Promise<Outcome<unknown>> {
    const { name, scope = 'tenant', standing = 'share' } = operation
    const call = { name, scope, standing, input }
    const actor = await admit(operation, caller)
    // Where an answer is kept, the transaction below replays it: nothing slow has to be prepared.
    const kept =
      operation.prepare && (await this.#idempotency(call, caller, actor)?.find(this.#services.tenancy))
    const prepared = kept ? undefined : await operation.prepare?.(this.#context(actor, caller), input)
    const ends = (present: Actor) => operation.ends?.(input, present, prepared) ?? {}
    const run = async (reporting: ChangeContext, present: Actor) => {
      // The kept answer came to its end in between, so that nothing was prepared for this run.
      if (kept) throw new ApiError('UNAVAILABLE', 'The Idempotency-Key has just expired: try again')
      const context = { ...this.#context(present, caller), ...reporting }
      return (await operation.run(context, input, prepared)) as object
    }
    const { value, replayed, receipt } = await this.transaction({ ...call, ends }, caller, actor, run)
    return { output: operation.receipt ? { ...value, receipt } : value, replayed }
  }

  /**
   * Runs a change for a caller: locks its credential, replays or reserves its `Idempotency-Key`, runs, writes what was
   * reported, commits, and waits until every instance has dropped what it cached.
   */
  async transaction<T>(
    spec: TransactionSpec,
    caller: Caller,
    admitted: Actor,
    run: (context: ChangeContext, actor: Actor) => Promise<T>,
  ): Promise<Committed<T>> {
    let actor = admitted
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(spec, caller, actor, run)
      } catch (error) {
        if (!(error instanceof StandingChanged) || attempt === MOST_ATTEMPTS) throw error
        actor = await caller.revalidate(true)
      }
    }
  }

  async #attempt<T>(
    spec: TransactionSpec,
    caller: Caller,
    actor: Actor,
    run: (context: ChangeContext, actor: Actor) => Promise<T>,
  ): Promise<Committed<T>> {
    const idempotency = this.#idempotency(spec, caller, actor)
    const target = { scope: spec.scope, ...this.#context(actor, caller) }
    const { value: done, receipt } = await change(this.#services, target, async (context) => {
      const { tx } = context
      const [standing, kept] = await Promise.all([
        stands(tx, actor, spec.standing, spec.ends?.(actor)),
        idempotency?.reserve(tx) ?? undefined,
      ])
      if (!standing) throw new StandingChanged()
      return workOnce(idempotency, kept, context, (own) => run(own, actor))
    })
    return { ...done, receipt }
  }

  #idempotency(spec: TransactionSpec, caller: Caller, actor: Actor): Idempotency | null {
    if (caller.idempotencyKey === null) return null
    const call = {
      organizationId: actor.organization.id,
      callerId: actor.user?.id ?? actor.credential.id,
      key: caller.idempotencyKey,
      operation: spec.name,
      input: spec.input,
    }
    return new Idempotency(call, this.#services.encryptionKey)
  }

  #context(actor: Actor, caller: Caller): ReadContext {
    const services = this.#services
    const organizationId = actor.organization.id
    return {
      services,
      actor,
      organizationId,
      origin: caller.origin,
      auditContext: actorAuditContext(actor, caller.origin, services.auditKey),
      read: (query) => services.tenancy.read(organizationId, query),
    }
  }
}

/** The presented credential changed between its check and the transaction. */
class StandingChanged extends ApiError {
  constructor() {
    super('UNAVAILABLE', 'The credential is being changed: try again')
  }
}

/** The first step of every operation: compares what it declares with what the actor may do now. */
async function admit(operation: AccessRule, caller: Caller): Promise<Actor> {
  const actor = caller.waited ? await caller.revalidate(false) : caller.actor
  const refusal = refusalOf(operation, actor)
  if (refusal) throw refusal
  return actor
}

function traced<T>(operation: Operation, origin: Origin, run: () => Promise<T>): Promise<T> {
  if (!operationChannel.hasSubscribers) return run()
  return operationChannel.tracePromise(run, { operation, origin })
}
