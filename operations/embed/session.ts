import type { Actor } from '../credentials/principals.ts'

/** The interview that a candidate's session opens. */
export interface OpenSession {
  readonly organizationId: string
  readonly interviewId: string
}

/** The interview of a caller whose access is `interview`. */
export function sessionOf({ organization, interviewId }: Actor): OpenSession {
  if (!interviewId) throw new Error('this is for interview sessions alone')
  return { organizationId: organization.id, interviewId }
}
