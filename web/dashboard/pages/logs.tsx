import { useComputed } from '@preact/signals'
import { api, ask, type LogRecord } from '../app/api.ts'
import { pageAt, usePages } from '../app/load.ts'
import { namesWith, useNames } from '../app/names.ts'
import { at, go, query, setQuery } from '../app/router.ts'
import { Snippet } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import { SearchFilter, SelectFilter } from '../components/filters.tsx'
import { Field, Form, Submit } from '../components/form.tsx'
import { PageHead } from '../components/page.tsx'
import { StatusCode } from '../components/status-code.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { ClearFilters, TimeFilter } from '../components/time-filter.tsx'
import { useLiveLog } from './parts/live-log.ts'

const filters = ['keyId', 'status', 'path', 'from', 'to'] as const
const statuses = ['200', '201', '400', '401', '403', '404', '409', '429', '500', '503'].map(
  (code) => [code, code] as const,
)

/** What a list of the log is asked for. */
function readFilter(of: URLSearchParams) {
  const text: Partial<Record<(typeof filters)[number], string>> = Object.fromEntries(
    filters.map((name) => [name, of.get(name)]).filter(([, value]) => value),
  )
  const { status, ...rest } = text
  return { ...rest, ...(status ? { status: Number(status) } : {}) }
}

/** The access log: filter, follow, open one. */
export default function Logs() {
  const nameOf = useNames()
  const shown = useComputed(() => query.value).value
  const filter = readFilter(shown)
  const live = shown.get('live') === '1'
  const log = usePages(
    async (cursor, signal) => {
      const page = await ask(
        api.GET('/api/logs', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.logs, next: page.nextCursor }
    },
    filters.map((name) => shown.get(name)),
  )
  const following = useLiveLog(live, filter, log)
  const filtered = filters.some((name) => shown.has(name))
  return (
    <>
      <PageHead
        title="Logs"
        lead="Every request to the API, from your programs and from this dashboard; refused ones with the reason."
        actions={
          <button
            type="button"
            class={live ? 'live on' : 'live'}
            aria-pressed={live}
            onClick={() => setQuery({ live: live ? null : '1' })}
          >
            {live ? (following ? 'Following live' : 'Connecting…') : 'Follow live'}
          </button>
        }
      />
      <div class="toolbar">
        <SearchFilter name="path" label="Whole path: /api/keys" />
        <SelectFilter name="status" label="Status" options={statuses} />
        <SelectFilter name="keyId" label="Key" options={namesWith('key_')} />
        <TimeFilter name="from" label="From" />
        <TimeFilter name="to" label="To" />
        <ClearFilters names={filters} />
      </div>
      <PagedTable
        label="Requests"
        columns={columns(nameOf)}
        pages={log}
        empty={filtered ? <NothingFound /> : <NothingYet />}
      />
      <OpenOne />
    </>
  )
}

function columns(nameOf: (id: string | null) => string | undefined): readonly Column<LogRecord>[] {
  return [
    {
      title: 'Request',
      cell: ({ id, method, path }) => (
        <span class="row-title">
          <a class="mono" href={at(`/logs/${id}`)}>
            {method} {path}
          </a>
        </span>
      ),
    },
    {
      title: 'Answer',
      cell: ({ status, reason }) => (
        <span class="badges">
          <StatusCode of={status} />
          {reason && <small class="muted">{reason.replaceAll('_', ' ')}</small>}
        </span>
      ),
    },
    { title: 'Who', cell: (record) => <Who of={record} nameOf={nameOf} /> },
    { title: 'From', cell: ({ ip }) => <span class="mono">{ip}</span> },
    { title: 'Took', figures: true, cell: ({ durationMs }) => `${durationMs.toFixed(1)} ms` },
    { title: 'When', cell: (record) => <Time at={record.at} /> },
  ]
}

function Who({ of, nameOf }: { of: LogRecord; nameOf: (id: string | null) => string | undefined }) {
  const key = of.keyId && (nameOf(of.keyId) ?? of.keyId)
  const user = of.userId && (nameOf(of.userId) ?? of.userId)
  if (!key && !user) return <span class="muted">Nobody known</span>
  return (
    <span>
      {key && <a href={at(`/settings/keys/${of.keyId}`)}>{key}</a>}
      {key && user && ', '}
      {user}
    </span>
  )
}

function OpenOne() {
  return (
    <section class="card narrow after">
      <h2>Open one request</h2>
      <Form onSubmit={async ({ id = '' }) => go(`/logs/${encodeURIComponent(id.trim())}`)}>
        <Field
          name="id"
          label="Request id"
          placeholder="req_…"
          pattern="\s*req_[A-Za-z0-9\-]+\s*"
          autocomplete="off"
          spellcheck={false}
          help="Every answer names it: in the header x-request-id, and in the body of an error."
        />
        <p class="actions">
          <Submit kind="primary">Open</Submit>
        </p>
      </Form>
    </section>
  )
}

function NothingFound() {
  return (
    <Empty icon="search" title="No request is like that">
      Change or clear the filters. The path is compared as a whole, without what follows a question mark.
    </Empty>
  )
}

function NothingYet() {
  return (
    <Empty
      icon="log"
      title="No requests yet"
      action={
        <Snippet
          text={`curl ${location.origin}/api/whoami -H "Authorization: Bearer $KEY"`}
          of="the command"
        />
      }
    >
      Each request is here within a second, refused ones with the reason. Send a first one:
    </Empty>
  )
}
