import { type AnswerTo, api, ask } from '../../app/api.ts'
import { count } from '../../app/format.ts'
import { useLoad, usePoll } from '../../app/load.ts'
import { FailureNotice } from '../../components/form.tsx'
import { SkeletonBlock } from '../../components/skeleton.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'

type Caller = AnswerTo<'/api/keys/{id}/callers'>['callers'][number]
type Row = Caller & { id: string }

const REFRESH_MS = 5000

const columns: readonly Column<Row>[] = [
  {
    title: 'Address',
    cell: ({ ip, userAgent }) => (
      <span class="row-title">
        <span class="mono">{ip}</span>
        <small>{userAgent ?? 'no user agent'}</small>
      </span>
    ),
  },
  { title: 'Last seen', cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
  { title: 'Requests', figures: true, cell: (row) => count(row.count) },
]

/** From where a key is used: kept up to date. */
export function CallersCard({ keyId }: { keyId: string }) {
  const load = () => ask(api.GET('/api/keys/{id}/callers', { params: { path: { id: keyId } } }))
  const callers = useLoad(load, [keyId])
  usePoll(async () => callers.data && callers.set(await load()), REFRESH_MS)
  return (
    <section class="card">
      <h2>Who uses it</h2>
      {callers.failure && !callers.data && <FailureNotice failure={callers.failure} retry={callers.reload} />}
      {!callers.data && !callers.failure && <SkeletonBlock lines={3} />}
      {callers.data?.callers.length === 0 && (
        <p class="muted">Nobody yet. Here stand the addresses and programs that use the key.</p>
      )}
      {callers.data && callers.data.callers.length > 0 && (
        <Table label="Callers" columns={columns} rows={callers.data.callers.map(asRow)} />
      )}
    </section>
  )
}

function asRow(caller: Caller): Row {
  return { ...caller, id: `${caller.ip} ${caller.userAgent}` }
}
