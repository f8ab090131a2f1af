import { useComputed } from '@preact/signals'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { count } from '../app/format.ts'
import { useEvents } from '../app/live.ts'
import { pageAt, usePages } from '../app/load.ts'
import { at, query } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Snippet } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import { SelectFilter } from '../components/filters.tsx'
import { Icon } from '../components/icon.tsx'
import { PageHead } from '../components/page.tsx'
import { State } from '../components/state.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'

type Campaign = AnswerTo<'/api/campaigns'>['campaigns'][number]
type Status = Campaign['status']

const statuses = (['draft', 'active', 'paused', 'completed', 'archived'] as const).map(
  (status) => [status, status.charAt(0).toUpperCase() + status.slice(1)] as const,
)
const changing = [
  'campaign.created',
  'campaign.updated',
  'invite.created',
  'interview.started',
  'interview.completed',
] as const

/** Campaigns, and how far each has come. */
export default function Campaigns() {
  const status = useComputed(() => query.value.get('status') as Status | null).value
  const campaigns = usePages(
    async (cursor, signal) => {
      const filter = status === null ? {} : { status }
      const page = await ask(
        api.GET('/api/campaigns', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.campaigns, next: page.nextCursor }
    },
    [status],
  )
  useEvents(changing, campaigns.reload)
  const writes = may('campaigns:write')
  return (
    <>
      <PageHead
        title="Campaigns"
        lead="A campaign is a set of questions. Candidates are invited to it, and each answers in an interview."
        actions={
          writes && (
            <a class="button primary" href={at('/campaigns/new')}>
              <Icon name="plus" />
              New campaign
            </a>
          )
        }
      />
      <div class="toolbar">
        <SelectFilter name="status" label="Status" options={statuses} />
      </div>
      <PagedTable
        label="Campaigns"
        columns={columns}
        pages={campaigns}
        empty={
          status === null ? (
            <NoCampaigns writes={writes} />
          ) : (
            <Empty icon="search" title={`No campaign is ${status}`}>
              Choose another status to see others.
            </Empty>
          )
        }
      />
    </>
  )
}

const columns: readonly Column<Campaign>[] = [
  {
    title: 'Name',
    cell: ({ id, name, questions }) => (
      <span class="row-title">
        <a href={at(`/campaigns/${id}`)}>{name}</a>
        <small>
          {questions.length} {questions.length === 1 ? 'question' : 'questions'}
        </small>
      </span>
    ),
  },
  { title: 'Status', cell: ({ status }) => <State of={status} /> },
  { title: 'Invited', figures: true, cell: ({ counts }) => count(counts.invited) },
  { title: 'Started', figures: true, cell: ({ counts }) => count(counts.started) },
  { title: 'Completed', figures: true, cell: ({ counts }) => count(counts.completed) },
  { title: 'Expired', figures: true, cell: ({ counts }) => count(counts.expired) },
  { title: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
]

function NoCampaigns({ writes }: { writes: boolean }) {
  return (
    <Empty
      icon="campaign"
      title="No campaigns yet"
      action={
        writes && (
          <div class="stack">
            <p>
              <a class="button primary" href={at('/campaigns/new')}>
                New campaign
              </a>
            </p>
            <Snippet
              of="the command"
              text={`curl ${location.origin}/api/campaigns -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"name":"Engineers 2027","questions":[{"prompt":"Why us?","kind":"text"}]}'`}
            />
          </div>
        )
      }
    >
      Write the questions down once, here or through the API, then invite candidates one by one or from a CSV
      file.
    </Empty>
  )
}
