import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'

/** Takes everything of the person out of a candidate's row, which stays for the invites and interviews to belong to. */
export function eraseCandidateRow(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update candidates set email = null, name = '', phone = null, external_id = null, metadata = '{}', search_text = '',
      erased_at = now()
    where organization_id = ${organizationId} and id = ${id}`
}

/**
 * Takes an e-mail address out of what became of files of invites. Jobs lock a file before its candidates, so this comes
 * before the candidate is locked.
 */
export function eraseBulkEmail(tx: Queryable, organizationId: string, email: string) {
  locking(tx, 'invite_bulk', organizationId)
  return tx`
    with concerned as materialized (
      select id from invite_bulks where organization_id = ${organizationId} and exists (
        select from jsonb_array_elements(results) as result where lower(result ->> 'email') = ${email})
      order by id for no key update)
    update invite_bulks set results = (
      select jsonb_agg(case when lower(result ->> 'email') = ${email} then jsonb_set(result, '{email}', 'null') else result end
        order by place)
      from jsonb_array_elements(results) with ordinality as each (result, place))
    from concerned
    where organization_id = ${organizationId} and invite_bulks.id = concerned.id`
}

/** The ids of a candidate's invites, all locked until the transaction ends. */
export function lockInvitesOf(tx: Queryable, organizationId: string, candidateId: string) {
  locking(tx, 'invite', organizationId)
  return tx<{ id: string }[]>`
    select id from invites where organization_id = ${organizationId} and candidate_id = ${candidateId}
    order by id for no key update`
}

/** The ids of a candidate's interviews, all locked until the transaction ends. */
export function lockInterviewsOf(tx: Queryable, organizationId: string, candidateId: string) {
  locking(tx, 'interview', organizationId)
  return tx<{ id: string }[]>`
    select id from interviews where organization_id = ${organizationId} and candidate_id = ${candidateId}
    order by id for no key update`
}

/** Deletes everything that a candidate has said, written and handed in; the bytes of files are noted for removal. */
export async function deleteAnswersAndFilesOf(
  tx: Queryable,
  organizationId: string,
  candidateId: string,
): Promise<{ answers: number; files: number }> {
  const answers = await tx`
    delete from answers where organization_id = ${organizationId} and interview_id in (
      select id from interviews where organization_id = ${organizationId} and candidate_id = ${candidateId})`
  const files = await tx`
    delete from files where organization_id = ${organizationId} and candidate_id = ${candidateId}`
  return { answers: answers.count, files: files.count }
}
