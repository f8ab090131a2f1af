import type { Candidate } from '../../app/candidates.ts'
import { at } from '../../app/router.ts'

/** Who it is about, with a way there. */
export function CandidateLink({
  id,
  of,
  to = `/candidates/${id}`,
}: {
  id: string
  /** Unknown where they were erased, or are older than what was looked through. */
  of: Candidate | undefined
  to?: string
}) {
  return (
    <span class="row-title">
      <a href={at(to)}>{of?.name ?? id}</a>
      {of && <small>{of.email}</small>}
    </span>
  )
}
