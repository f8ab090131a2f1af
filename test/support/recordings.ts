import type { TestApp } from './app.ts'

/** An interview that a candidate has begun. */
export interface BegunInterview {
  interviewId: string
  candidateId: string
  campaignId: string
  /** `Authorization: Bearer ist_…`. */
  session: Record<string, string>
}

/** Makes a campaign with a question of each kind, whose id is its kind, and begins an interview. */
export async function beginInterview(
  { call }: TestApp,
  headers: Record<string, string>,
): Promise<BegunInterview> {
  const must = async (method: 'POST', url: string, options: Parameters<TestApp['call']>[2]) => {
    const answer = await call(method, url, options)
    if (answer.status >= 300) throw new Error(`${url}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const questions = ['audio', 'video', 'text'].map((kind) => ({
    id: kind,
    kind,
    prompt: `Say it as ${kind}`,
  }))
  const campaign = await must('POST', '/api/campaigns', { headers, body: { name: 'Heard', questions } })
  const email = `ada-${campaign.id}@candidate.example`
  const invite = await must('POST', `/api/campaigns/${campaign.id}/invites`, {
    headers,
    body: { candidate: { email, name: 'Ada' }, sendEmail: false },
  })
  const session = await must('POST', '/api/embed/sessions', { body: { invite: invite.token } })
  return {
    interviewId: session.interview.id,
    candidateId: invite.candidateId,
    campaignId: campaign.id,
    session: { authorization: `Bearer ${session.sessionToken}` },
  }
}
