import type { Queryable } from '../../db/connect.ts'
import {
  type CandidateFields,
  type CandidateRow,
  findCandidate,
  holdCandidate,
  insertCandidate,
  lockCandidate,
  updateCandidate,
} from '../../db/queries/candidates.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import type { Candidate, CandidateCreate, CandidatePatch } from '../../schemas/candidates.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { wordsOf } from './search.ts'

/** A candidate as the API shows it. */
export function presentCandidate(row: CandidateRow): Candidate {
  const { id, email, name, phone, externalId, metadata, createdAt } = row
  return { id, email, name, phone, externalId, metadata, createdAt }
}

/**
 * Makes a candidate. E-mail addresses are kept in small letters: one is one candidate, however it is written.
 * @throws ApiError 409 where the organization has a candidate of that e-mail address
 */
export async function createCandidate(
  tx: TenantTransaction,
  organizationId: string,
  body: CandidateCreate,
): Promise<Candidate> {
  const [row] = await insertCandidate(tx, organizationId, newId('cnd'), fieldsOf(body))
  if (!row) throw taken()
  return presentCandidate(row)
}

/** @throws ApiError 404 where the organization has no such candidate */
export async function getCandidate(tenancy: Tenancy, organizationId: string, id: string): Promise<Candidate> {
  const [row] = await tenancy.read(organizationId, (tx) => findCandidate(tx, organizationId, id))
  if (!row) throw notFound('Candidate')
  return presentCandidate(row)
}

/**
 * Changes what the patch names.
 * @throws ApiError 404, or 409 for the e-mail address of another candidate
 */
export async function patchCandidate(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
  patch: CandidatePatch,
): Promise<Candidate> {
  const [row] = await lockCandidate(tx, organizationId, id)
  if (!row) throw notFound('Candidate')
  const next = fieldsOf({
    email: patch.email ?? row.email,
    name: patch.name ?? row.name,
    phone: patch.phone === undefined ? row.phone : patch.phone,
    externalId: patch.externalId === undefined ? row.externalId : patch.externalId,
    metadata: patch.metadata ?? row.metadata,
  })
  if (next.email !== row.email) {
    const [other] = await holdCandidate(tx, organizationId, { email: next.email })
    if (other) throw taken()
  }
  const [changed] = await updateCandidate(tx, organizationId, id, next)
  return presentCandidate(changed as CandidateRow)
}

/**
 * The candidate of that e-mail address, made where there is none yet; not erased before the transaction ends. What is
 * known of a candidate is not changed by it.
 */
export async function findOrCreateCandidate(
  tx: Queryable,
  organizationId: string,
  body: CandidateCreate,
): Promise<CandidateRow> {
  const fields = fieldsOf(body)
  const [made] = await insertCandidate(tx, organizationId, newId('cnd'), fields)
  const [row] = made ? [made] : await holdCandidate(tx, organizationId, { email: fields.email })
  // Erased between the two: whoever erased has the address free again.
  return row ?? findOrCreateCandidate(tx, organizationId, body)
}

function fieldsOf(body: CandidateCreate): CandidateFields {
  const email = body.email.toLowerCase()
  const { name, phone = null, externalId = null, metadata = {} } = body
  // A telephone number is looked for with and without its blanks.
  const digits = phone?.replace(/\D/g, '') ?? null
  const searchText = wordsOf(name, email, phone, digits, externalId).join(' ')
  return { email, name, phone, externalId, metadata, searchText }
}

function taken(): ApiError {
  return new ApiError('CONFLICT', 'There is a candidate with this e-mail address already')
}
