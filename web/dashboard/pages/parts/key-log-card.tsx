import { api, ask, type LogRecord } from '../../app/api.ts'
import { usePages, usePoll } from '../../app/load.ts'
import { at } from '../../app/router.ts'
import { Badge } from '../../components/badge.tsx'
import { type Column, PagedTable } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'

const LIMIT = 20
const REFRESH_MS = 5000

const columns: readonly Column<LogRecord>[] = [
  {
    title: 'Request',
    cell: ({ method, path, requestId }) => (
      <span class="row-title">
        <span class="mono">
          {method} {path}
        </span>
        <small class="mono">{requestId}</small>
      </span>
    ),
  },
  {
    title: 'Answer',
    cell: ({ status, reason }) => (
      <span class="badges">
        <Badge kind={status < 400 ? 'ok' : status < 500 ? 'warn' : 'danger'}>{status}</Badge>
        {reason && <small class="muted">{reason.replaceAll('_', ' ')}</small>}
      </span>
    ),
  },
  { title: 'From', cell: ({ ip }) => <span class="mono">{ip}</span> },
  { title: 'Took', figures: true, cell: ({ durationMs }) => `${durationMs.toFixed(1)} ms` },
  { title: 'When', cell: (record) => <Time at={record.at} /> },
]

/** What a key was used for, the latest first. */
export function KeyLogCard({ keyId }: { keyId: string }) {
  const log = usePages(
    async (cursor, signal) => {
      const query = { keyId, limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) }
      const page = await ask(api.GET('/api/logs', { signal, params: { query } }))
      return { items: page.logs, next: page.nextCursor }
    },
    [keyId],
  )
  // Anew only while no more than the first page is shown.
  usePoll(async () => (log.data?.length ?? LIMIT + 1) <= LIMIT && log.reload(), REFRESH_MS)
  return (
    <section class="card">
      <header>
        <h2>Its log</h2>
        <a href={at(`/logs?keyId=${keyId}`)}>In the log, with filters</a>
      </header>
      <PagedTable
        label="Requests with this key"
        columns={columns}
        pages={log}
        empty={
          <p class="muted">No request yet. Each one is kept for 90 days, refused ones with the reason.</p>
        }
      />
    </section>
  )
}
