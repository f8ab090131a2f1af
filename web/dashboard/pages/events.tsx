import { useComputed } from '@preact/signals'
import { api, ask } from '../app/api.ts'
import { type EventType, eventTypes } from '../app/event-types.ts'
import { type OrganizationEvent, useEvents } from '../app/live.ts'
import { pageAt, usePages } from '../app/load.ts'
import { at, query } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Snippet } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import { SelectFilter } from '../components/filters.tsx'
import { PageHead } from '../components/page.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { toast, toastFailure } from '../components/toast.tsx'

const types = eventTypes.map((type) => [type, type] as const)

/** What has happened in the organization, as endpoints are told it. Live. */
export default function Events() {
  const type = useComputed(() => query.value.get('type') as EventType | null).value
  const events = usePages(
    async (cursor, signal) => {
      const filter = type === null ? {} : { type }
      const page = await ask(
        api.GET('/api/events', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.events, next: page.nextCursor }
    },
    [type],
  )
  useEvents(eventTypes, events.reload)
  return (
    <>
      <PageHead
        title="Events"
        lead={
          <>
            What has happened in the last 30 days, as your <a href={at('/settings/webhooks')}>webhooks</a> are
            told it.
          </>
        }
      />
      <div class="toolbar">
        <SelectFilter name="type" label="Type" options={types} />
      </div>
      <PagedTable
        label="Events"
        columns={columns}
        pages={events}
        empty={
          <Empty
            icon="hook"
            title="No events"
            action={
              <Snippet
                of="the command"
                text={`curl -N ${location.origin}/api/events/stream -H "Authorization: Bearer $KEY"`}
              />
            }
          >
            Events appear here as they happen. Your shell can follow them too:
          </Empty>
        }
      />
    </>
  )
}

const columns: readonly Column<OrganizationEvent>[] = [
  {
    title: 'Event',
    cell: ({ id, type }) => (
      <span class="row-title">
        <strong class="mono">{type}</strong>
        <small class="mono">{id}</small>
      </span>
    ),
  },
  {
    title: 'Data',
    cell: ({ type, data }) => (
      <details>
        <summary>{about(data) ?? type}</summary>
        <pre class="json">{JSON.stringify(data, null, 2)}</pre>
      </details>
    ),
  },
  { title: 'When', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    title: 'Actions',
    untitled: true,
    cell: (event) =>
      may('webhooks:write') && (
        <span class="actions">
          <button type="button" class="small quiet" onClick={() => void replay(event.id).catch(toastFailure)}>
            Send again<span class="unseen"> {event.id}</span>
          </button>
        </span>
      ),
  },
]

function about(data: Record<string, unknown>): string | undefined {
  for (const name of ['name', 'title', 'id']) {
    const value = data[name]
    if (typeof value === 'string') return value
  }
}

async function replay(id: string): Promise<void> {
  const { deliveries } = await ask(api.POST('/api/events/{id}/replay', { params: { path: { id } } }))
  toast(
    deliveries === 0
      ? 'No endpoint wants this type'
      : `Put into the queue of ${deliveries} ${deliveries === 1 ? 'endpoint' : 'endpoints'}`,
  )
}
