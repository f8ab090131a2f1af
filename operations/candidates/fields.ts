import type { CandidateFields } from '../../db/queries/candidates.ts'
import type { CandidateCreate } from '../../schemas/candidates.ts'
import { ApiError } from '../../schemas/errors.ts'
import { wordsOf } from './search.ts'

/** What is stored of a candidate. E-mail addresses are kept in small letters: one address is one candidate. */
export function fieldsOf(body: CandidateCreate): CandidateFields {
  const email = body.email.toLowerCase()
  const { name, phone = null, externalId = null, metadata = {} } = body
  // A telephone number is looked for with and without its blanks.
  const digits = phone?.replace(/\D/g, '') ?? null
  const searchText = wordsOf(name, email, phone, digits, externalId).join(' ')
  return { email, name, phone, externalId, metadata, searchText }
}

/** 409 for an e-mail address that another candidate of the organization has. */
export function emailTaken(): ApiError {
  return new ApiError('CONFLICT', 'There is a candidate with this e-mail address already')
}
