import postgres from 'postgres'
import t from 'tap'
import { type Answer, testApp } from '../support/app.ts'
import { browserOf, openDesk } from '../support/interviews.ts'

const INVITES = 24

t.test('everything at once: counts, states and events stay exact', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const campaign = await desk.campaign()
  const invites = await Promise.all(
    Array.from({ length: INVITES }, () => desk.invite(campaign.id, { expiresInHours: 1 })),
  )

  const candidateSide = async (token: string, index: number): Promise<Answer[]> => {
    const session = await desk.exchange(token)
    if (session.status !== 200) return [session]
    const browser = browserOf(server, session.body.sessionToken)
    return Promise.all([
      browser('PUT', '/interview/answers/why', { text: `${index}` }),
      browser('POST', '/interview/pause'),
      browser('POST', '/interview/resume'),
      browser('POST', '/interview/complete'),
      browser('POST', '/interview/complete'),
    ])
  }
  const jobs: Promise<Answer | Answer[]>[] = invites.flatMap((invite, index) => [
    candidateSide(invite.token, index),
    candidateSide(invite.token, index),
    ...(index % 3 === 0 ? [ask('POST', `/api/invites/${invite.id}/cancel`)] : []),
    ...(index % 4 === 0 ? [ask('DELETE', `/api/candidates/${invite.candidateId}`)] : []),
    ...(index % 5 === 0 ? [ask('POST', `/api/invites/${invite.id}/extend`, { hours: 5 })] : []),
    ...(index % 6 === 0 ? [ask('POST', '/api/sandbox/clock', { advanceSeconds: 900 })] : []),
    ...(index % 7 === 0
      ? [ask('POST', `/api/campaigns/${campaign.id}/invites`, { candidateId: invite.candidateId })]
      : []),
    ...(index % 8 === 0 ? [ask('PATCH', `/api/campaigns/${campaign.id}`, { name: `Name ${index}` })] : []),
  ])
  const answers = (await Promise.all(jobs)).flat()
  const seen = new Map<string, number>()
  for (const { status, body } of answers) {
    const kind =
      status < 400 ? String(status) : `${status} ${body.error.message.replace(/(inv|int|cnd)_\w+/g, '…')}`
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
  }
  t.comment(JSON.stringify([...seen], null, 1))
  t.ok(
    answers.every(({ status }) => [200, 201, 204, 401, 404, 409].includes(status)),
    'each request is done or refused with a reason',
  )
  t.notOk(
    [...seen.keys()].some((kind) => kind.includes('at the same time')),
    'nobody waits for each other in a circle',
  )

  const [truth] = await sql`
    select count(*)::int as invited,
      (select count(*)::int from interviews where campaign_id = ${campaign.id}) as started,
      count(*) filter (where status = 'completed')::int as completed,
      count(*) filter (where status = 'expired' or status = 'pending'
        and expires_at <= organization_now(organization_id))::int as expired
    from invites where campaign_id = ${campaign.id}`
  t.same(await desk.counts(campaign.id), truth)
  const torn = await sql`
    select invites.id, invites.status, interviews.status as interview from invites
    left join interviews on interviews.organization_id = invites.organization_id and interviews.invite_id = invites.id
    where invites.campaign_id = ${campaign.id} and not case invites.status
      when 'completed' then interviews.status = 'completed'
      when 'started' then interviews.status in ('in_progress', 'paused', 'abandoned')
      else interviews.id is null end`
  t.same([...torn], [], 'an invite and its interview agree')
  const twice = await sql`
    select type, data->>'id' as id from events
    where type in ('invite.created', 'invite.expired', 'invite.cancelled', 'interview.started', 'interview.completed')
    group by type, data->>'id' having count(*) > 1`
  t.same([...twice], [], 'what happens once is told once')
  const left = await sql`
    select 1 from answers join interviews on interviews.id = interview_id
    join candidates on candidates.id = candidate_id where erased_at is not null`
  t.equal(left.length, 0, 'no answer of an erased candidate')
})
