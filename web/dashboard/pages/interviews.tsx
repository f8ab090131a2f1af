import { useComputed } from '@preact/signals'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { useCandidates } from '../app/candidates.ts'
import { useEvents } from '../app/live.ts'
import { pageAt, usePages } from '../app/load.ts'
import { at, query } from '../app/router.ts'
import { Snippet } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import { SearchFilter, SelectFilter } from '../components/filters.tsx'
import { PageHead } from '../components/page.tsx'
import { State } from '../components/state.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { ClearFilters } from '../components/time-filter.tsx'
import { spoken } from './parts/answer.tsx'
import { CandidateLink } from './parts/candidate-link.tsx'

type Interview = AnswerTo<'/api/interviews'>['interviews'][number]

const names = ['status', 'email'] as const
const statuses = [
  ['created', 'Created'],
  ['in_progress', 'In progress'],
  ['paused', 'Paused'],
  ['completed', 'Completed'],
  ['abandoned', 'Abandoned'],
] as const
const changing = [
  'interview.started',
  'interview.paused',
  'interview.completed',
  'interview.abandoned',
] as const

/** Interviews, live. */
export default function Interviews() {
  const shown = useComputed(() => query.value).value
  const [status, email] = [shown.get('status') as Interview['status'] | null, shown.get('email')]
  const interviews = usePages(
    async (cursor, signal) => {
      const filter = { ...(status ? { status } : {}), ...(email?.includes('@') ? { email } : {}) }
      const page = await ask(
        api.GET('/api/interviews', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.interviews, next: page.nextCursor }
    },
    [status, email],
  )
  useEvents(changing, interviews.reload)
  const candidates = useCandidates(interviews.data?.map(({ candidateId }) => candidateId) ?? [])
  const columns: readonly Column<Interview>[] = [
    {
      title: 'Candidate',
      cell: ({ id, candidateId }) => (
        <CandidateLink id={candidateId} of={candidates.get(candidateId)} to={`/interviews/${id}`} />
      ),
    },
    {
      title: 'Campaign',
      cell: ({ campaignId, title }) => <a href={at(`/campaigns/${campaignId}`)}>{title}</a>,
    },
    { title: 'Status', cell: ({ status }) => <State of={status} /> },
    { title: 'Answers', figures: true, cell: ({ answers }) => answers.length },
    { title: 'Took', figures: true, cell: ({ durationSeconds }) => spoken(durationSeconds) },
    { title: 'Began', cell: ({ startedAt }) => <Time at={startedAt} /> },
  ]
  return (
    <>
      <PageHead title="Interviews" lead="What candidates have answered, and are answering at this moment." />
      <div class="toolbar">
        <SearchFilter name="email" label="Whole e-mail address" />
        <SelectFilter name="status" label="Status" options={statuses} />
        <ClearFilters names={names} />
      </div>
      <PagedTable
        label="Interviews"
        columns={columns}
        pages={interviews}
        empty={
          status || email ? (
            <Empty icon="search" title="No interview is like that">
              Change or clear the filters.
            </Empty>
          ) : (
            <NoInterviews />
          )
        }
      />
    </>
  )
}

function NoInterviews() {
  return (
    <Empty
      icon="interview"
      title="No interviews yet"
      action={
        <Snippet
          of="the command"
          text={`curl ${location.origin}/api/campaigns/$CAMPAIGN/invites -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"candidate":{"email":"ada@example.com","name":"Ada Lovelace"}}'`}
        />
      }
    >
      An interview begins when a candidate opens the link of an invite. Invite somebody on a{' '}
      <a href={at('/campaigns')}>campaign’s page</a>, or through the API; in the sandbox, “Simulate” answers
      for them.
    </Empty>
  )
}
