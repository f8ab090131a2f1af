import { createHash } from 'node:crypto'
import { seal, unseal } from '../../credentials/seal.ts'
import { findKeptResponse, keepResponse, tryHoldIdempotencyKey } from '../../db/queries/idempotency.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import { ApiError } from '../../schemas/errors.ts'

/** An answer to a write: what the caller gets. */
export interface Answer<T> {
  readonly status: number
  readonly body: T
}

/** The request that an `Idempotency-Key` stands for. */
export interface IdempotentRequest {
  readonly organizationId: string
  /** Who asked: two callers' keys do not meet. */
  readonly callerId: string
  /** The header's value. */
  readonly key: string
  readonly method: string
  readonly path: string
  readonly body: unknown
}

/**
 * Does a write at most once for an `Idempotency-Key`. The kept response is written in the transaction of the
 * write itself: a process killed in the middle leaves neither. A write that fails keeps nothing, so that it can
 * be tried again. The response is sealed, as it may show a new key.
 *
 * @param sealingKey 32 bytes
 * @throws ApiError 409 while the first request is in flight, 422 when the key was used for another request
 */
export async function once<T>(
  tenancy: Tenancy,
  sealingKey: Buffer,
  request: IdempotentRequest,
  work: (tx: TenantTransaction) => Promise<Answer<T>>,
): Promise<Answer<T> & { replayed: boolean }> {
  const { organizationId } = request
  const keyHash = digest(request.callerId, request.key)
  const requestHash = digest(request.method, request.path, JSON.stringify(request.body ?? null))
  const context = `idempotency ${organizationId} ${keyHash.toString('hex')}`
  return tenancy.write(organizationId, async (tx) => {
    if (!(await tryHoldIdempotencyKey(tx, organizationId, keyHash))) {
      throw new ApiError('CONFLICT', 'A request with this Idempotency-Key is in flight', {
        reason: 'idempotency_key_in_flight',
        headers: { 'retry-after': '1' },
      })
    }
    const [kept] = await findKeptResponse(tx, organizationId, keyHash)
    if (kept) {
      if (!kept.requestHash.equals(requestHash)) {
        throw new ApiError('IDEMPOTENCY_MISMATCH', undefined, { reason: 'idempotency_key_reused' })
      }
      return {
        status: kept.status,
        body: JSON.parse(unseal(sealingKey, context, kept.response)),
        replayed: true,
      }
    }
    const answer = await work(tx)
    const response = seal(sealingKey, context, JSON.stringify(answer.body))
    await keepResponse(tx, organizationId, keyHash, { requestHash, status: answer.status, response })
    return { ...answer, replayed: false }
  })
}

function digest(...parts: string[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:${part}`)
  return hash.digest()
}
