import { type AnswerTo, api, ask } from '../../app/api.ts'
import { pageAt, usePages, usePoll } from '../../app/load.ts'
import { may } from '../../app/session.ts'
import { State } from '../../components/state.tsx'
import { StatusCode } from '../../components/status-code.tsx'
import { type Column, PagedTable } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'
import { toast, toastFailure } from '../../components/toast.tsx'

type Delivery = AnswerTo<'/api/webhooks/{id}/deliveries'>['deliveries'][number]

const POLL_MS = 2000

/** What was sent to an endpoint, how it answered, and what is tried again when. */
export function DeliveriesCard({
  webhookId,
  round,
  onReplay,
}: {
  webhookId: string
  /** Loaded anew when it changes. */
  round: number
  onReplay: () => void
}) {
  const deliveries = usePages(
    async (cursor, signal) => {
      const page = await ask(
        api.GET('/api/webhooks/{id}/deliveries', {
          signal,
          params: { path: { id: webhookId }, query: pageAt(cursor, 25) },
        }),
      )
      return { items: page.deliveries, next: page.nextCursor }
    },
    [webhookId, round],
  )
  // While something is about to happen; what has been unfolded by hand stays as it is.
  const due = Date.now() + POLL_MS
  const soon = deliveries.data?.some(
    ({ state, nextAttemptAt }) =>
      state === 'pending' && (nextAttemptAt === null || Date.parse(nextAttemptAt) < due),
  )
  usePoll(deliveries.reload, POLL_MS, soon === true)
  const redeliver = async ({ id }: Delivery) => {
    await ask(api.POST('/api/deliveries/{id}/redeliver', { params: { path: { id } } }))
    toast('It is sent once more')
    await deliveries.reload()
  }
  const columns: readonly Column<Delivery>[] = [
    {
      title: 'Event',
      cell: ({ eventType, eventId }) => (
        <span class="row-title">
          <strong class="mono">{eventType}</strong>
          <small class="mono">{eventId}</small>
        </span>
      ),
    },
    { title: 'State', cell: ({ state }) => <State of={state} /> },
    {
      title: 'Last answer',
      cell: (delivery) => <LastAnswer of={delivery} />,
    },
    { title: 'Attempt', figures: true, cell: ({ attempt }) => attempt },
    {
      title: 'Took',
      figures: true,
      cell: ({ durationMs }) => (durationMs === null ? '' : `${durationMs} ms`),
    },
    { title: 'When', cell: ({ at, createdAt }) => <Time at={at ?? createdAt} /> },
    { title: 'Next', cell: ({ nextAttemptAt }) => nextAttemptAt && <Time at={nextAttemptAt} /> },
    {
      title: 'Actions',
      untitled: true,
      cell: (delivery) =>
        may('webhooks:write') && (
          <span class="actions">
            <button
              type="button"
              class="small quiet"
              onClick={() => void redeliver(delivery).catch(toastFailure)}
            >
              Send again<span class="unseen"> {delivery.eventId}</span>
            </button>
          </span>
        ),
    },
  ]
  return (
    <section class="stack tight">
      <header class="spread">
        <h2>Deliveries</h2>
        {may('webhooks:write') && (
          <button type="button" class="small" onClick={onReplay}>
            Send failed ones again…
          </button>
        )}
      </header>
      <PagedTable
        label="Deliveries"
        columns={columns}
        pages={deliveries}
        empty={<p class="muted">Nothing was sent yet. A test event shows at once whether it works.</p>}
      />
    </section>
  )
}

function LastAnswer({ of: { status, error, response, earlierAttempts } }: { of: Delivery }) {
  const head =
    status === null ? <span class="failed">{error ?? 'not sent yet'}</span> : <StatusCode of={status} />
  if (!response && earlierAttempts.length === 0) return head
  return (
    <details>
      <summary>{head}</summary>
      {response && <pre class="json">{response}</pre>}
      <ul class="attempts">
        {earlierAttempts.map(({ attempt, at, status, error, durationMs }) => (
          <li key={attempt}>
            <small>
              Attempt {attempt}: {status ?? error ?? 'no answer'}
              {durationMs !== null && `, ${durationMs} ms`}, <Time at={at} never="" />
            </small>
          </li>
        ))}
      </ul>
    </details>
  )
}
