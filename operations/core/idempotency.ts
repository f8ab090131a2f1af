import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { type EncryptionKey, everyKey } from '../../credentials/encryption-key.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import type { Queryable } from '../../db/connect.ts'
import {
  findKeptResponse,
  type KeptResponse,
  keepResponse,
  tryHoldIdempotencyKey,
} from '../../db/queries/idempotency.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { ChangeContext } from './change.ts'
import { Refusal } from './operation.ts'

/** The call that an `Idempotency-Key` stands for. */
export interface IdempotentCall {
  readonly organizationId: string
  /** Who asked: the keys of two callers do not collide. */
  readonly callerId: string
  /** The header's value. */
  readonly key: string
  /** What is asked: another call with the same key is refused. */
  readonly operation: string
  readonly input: unknown
}

/** What is kept of a call: what it answered, and what it invalidated. */
export interface KeptCall {
  readonly value: unknown
  readonly tags: readonly string[]
}

/**
 * One use of an `Idempotency-Key`. The kept answer is written in the transaction of the change itself: a process that
 * is killed in the middle leaves neither. A call that fails keeps nothing, so that it can be tried again. The answer
 * is sealed, because it may show a new key.
 */
export class Idempotency {
  readonly #call: IdempotentCall
  readonly #sealingKey: EncryptionKey
  readonly #keyHash: Buffer
  /** With every key that may have kept it, the current one first. */
  readonly #callHashes: readonly Buffer[]

  /** @param sealingKey 32 bytes */
  constructor(call: IdempotentCall, sealingKey: EncryptionKey) {
    this.#call = call
    this.#sealingKey = sealingKey
    this.#keyHash = digest(createHash('sha256'), call.callerId, call.key)
    // The input may contain a password. A plain SHA-256 of it at rest could be guessed.
    const input = JSON.stringify(call.input ?? null)
    this.#callHashes = everyKey(sealingKey).map((key) =>
      digest(createHmac('sha256', key).update('idempotency '), call.operation, input),
    )
  }

  /**
   * Reserves the key until the transaction ends, and looks for a kept answer, in one round trip.
   * @returns the kept answer, or undefined where the operation has to run
   * @throws ApiError 409 while the first call is in flight, 422 when the key was used for another call
   */
  async reserve(tx: Queryable): Promise<KeptCall | undefined> {
    const { organizationId } = this.#call
    const [held, [kept]] = await Promise.all([
      tryHoldIdempotencyKey(tx, organizationId, this.#keyHash),
      findKeptResponse(tx, organizationId, this.#keyHash),
    ])
    if (!held) {
      throw new ApiError('CONFLICT', 'A request with this Idempotency-Key is in flight', {
        reason: 'idempotency_key_in_flight',
        headers: { 'retry-after': '1' },
      })
    }
    return kept && this.#open(kept)
  }

  /**
   * Looks for a kept answer without reserving the key: before slow work that a replay does not need.
   * @throws ApiError 422 when the key was used for another call
   */
  async find(tenancy: Tenancy): Promise<KeptCall | undefined> {
    const { organizationId } = this.#call
    const [kept] = await tenancy.read(organizationId, (tx) =>
      findKeptResponse(tx, organizationId, this.#keyHash),
    )
    return kept && this.#open(kept)
  }

  /** Keeps the answer for 24 hours. */
  async keep(tx: Queryable, call: KeptCall): Promise<void> {
    const response = seal(this.#sealingKey, this.#context, JSON.stringify(call))
    const kept = { requestHash: this.#callHashes[0] as Buffer, status: 200, response }
    await keepResponse(tx, this.#call.organizationId, this.#keyHash, kept)
  }

  #open(kept: KeptResponse): KeptCall {
    if (!this.#callHashes.some((hash) => kept.requestHash.equals(hash))) {
      throw new ApiError('IDEMPOTENCY_MISMATCH', undefined, { reason: 'idempotency_key_reused' })
    }
    return JSON.parse(unseal(this.#sealingKey, this.#context, kept.response)) as KeptCall
  }

  get #context(): string {
    return `idempotency ${this.#call.organizationId} ${this.#keyHash.toString('hex')}`
  }
}

/**
 * Does the work of a transaction, or replays what an earlier call with the same key answered.
 * @param idempotency null where the caller sent no key
 * @param kept what `reserve` found
 */
export async function workOnce<T>(
  idempotency: Idempotency | null,
  kept: KeptCall | undefined,
  context: ChangeContext,
  work: (context: ChangeContext) => Promise<T>,
): Promise<{ value: T; replayed: boolean }> {
  if (kept) {
    // The first call may have died between its commit and its wait: this one waits too.
    for (const tag of kept.tags) context.invalidate(tag)
    return { value: kept.value as T, replayed: true }
  }
  const tags = new Set<string>()
  const invalidate = (tag: string) => {
    tags.add(tag)
    context.invalidate(tag)
  }
  const value = await work({ ...context, invalidate })
  if (!(value instanceof Refusal)) await idempotency?.keep(context.tx, { value, tags: [...tags] })
  return { value, replayed: false }
}

function digest(hash: Hash | Hmac, ...parts: string[]): Buffer {
  for (const part of parts) hash.update(`${part.length}:${part}`)
  return hash.digest()
}
