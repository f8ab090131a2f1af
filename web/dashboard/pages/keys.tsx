import { useComputed } from '@preact/signals'
import { useState } from 'preact/hooks'
import { fold } from '../../../schemas/fold.ts'
import { api, ask, type Key } from '../app/api.ts'
import { count } from '../app/format.ts'
import { keyName, wholeKeyName } from '../app/keys.ts'
import { useEvents } from '../app/live.ts'
import { useLoad } from '../app/load.ts'
import { at, query } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Empty } from '../components/empty.tsx'
import { SearchFilter, SelectFilter } from '../components/filters.tsx'
import { FailureNotice } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { KeyStatus } from '../components/key-status.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonRows } from '../components/skeleton.tsx'
import { type Column, Table } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { RevokeDialog } from './parts/revoke-dialog.tsx'
import { RotateDialog } from './parts/rotate-dialog.tsx'

const changes = ['key.created', 'key.rotated', 'key.revoked']
const PAGE = 100
const MOST = 2000

/** Settings → API Keys. All keys are loaded, so that sorting and filtering ask nobody. */
export default function Keys() {
  const keys = useLoad(loadAll, [])
  useEvents(changes, () => void keys.reload())
  const [acting, setActing] = useState<{ act: 'revoke' | 'rotate'; key: Key } | null>(null)
  const shown = useComputed(() => query.value).value
  const rows = filter(keys.data ?? [], shown)
  const writes = may('keys:write')
  const done = () => {
    setActing(null)
    void keys.reload()
  }
  return (
    <>
      <PageHead
        title="API Keys"
        lead="Use API keys to authenticate your servers. You can see a key only once, when you create it."
        actions={
          writes && (
            <a class="button primary" href={at('/settings/keys/new')}>
              <Icon name="plus" />
              Create API Key
            </a>
          )
        }
      />
      {keys.failure && <FailureNotice failure={keys.failure} retry={keys.reload} />}
      {!keys.data && !keys.failure && <SkeletonRows columns={7} />}
      {keys.data?.length === 0 && <NoKeys writes={writes} />}
      {keys.data && keys.data.length > 0 && (
        <>
          <div class="toolbar">
            <SearchFilter name="q" label="Search name or prefix" />
            <SelectFilter name="status" label="Status" options={statuses} />
            <SelectFilter name="stage" label="Stage" options={stages} />
            <span class="summary" role="status">
              {rows.length === keys.data.length ? '' : `${count(rows.length)} of `}
              {count(keys.data.length)} {keys.data.length === 1 ? 'key' : 'keys'}
            </span>
          </div>
          {rows.length === 0 ? (
            <Empty icon="search" title="No key is like that">
              Change or clear the filters to see more of your {count(keys.data.length)} keys.
            </Empty>
          ) : (
            <Table
              label="API keys"
              columns={writes ? [...columns, actions(setActing)] : columns}
              rows={rows}
            />
          )}
        </>
      )}
      {acting?.act === 'revoke' && (
        <RevokeDialog of={acting.key} onClose={() => setActing(null)} onDone={done} />
      )}
      {acting?.act === 'rotate' && <RotateDialog of={acting.key} onClose={() => setActing(null)} />}
    </>
  )
}

function NoKeys({ writes }: { writes: boolean }) {
  return (
    <Empty
      icon="key"
      title="No keys yet"
      action={
        writes && (
          <span class="actions">
            <a class="button primary" href={at('/welcome')}>
              Make one, and try it
            </a>
            <a class="button" href={at('/settings/keys/new')}>
              Create API Key
            </a>
          </span>
        )
      }
    >
      A key lets a program of yours call the API. Make one for each program and stage, with no more rights
      than it needs, so that you can end one without touching the others.
    </Empty>
  )
}

const statuses = [
  ['active', 'Active'],
  ['due', 'Due for rotation'],
  ['retiring', 'Retiring'],
  ['expired', 'Expired'],
  ['revoked', 'Revoked'],
] as const

const stages = [
  ['development', 'Development'],
  ['staging', 'Staging'],
  ['production', 'Production'],
] as const

const time = (at: string | null) => (at === null ? 0 : Date.parse(at))

const columns: readonly Column<Key>[] = [
  {
    title: 'Name',
    by: (key) => fold(key.name),
    cell: (key) => (
      <span class="row-title">
        <a href={at(`/settings/keys/${key.id}`)}>{keyName(key)}</a>
        <small class="mono">{key.prefix}…</small>
      </span>
    ),
  },
  { title: 'Status', by: (key) => key.status, cell: (key) => <KeyStatus of={key} /> },
  { title: 'Created', by: (key) => time(key.createdAt), cell: (key) => <Time at={key.createdAt} /> },
  { title: 'Last used', by: (key) => time(key.lastUsedAt), cell: (key) => <Time at={key.lastUsedAt} /> },
  { title: 'Requests', figures: true, by: (key) => key.requestCount, cell: (key) => count(key.requestCount) },
  { title: 'Failed', figures: true, by: (key) => key.failedAttempts, cell: (key) => <Failed of={key} /> },
]

function Failed({ of }: { of: Key }) {
  return <span class={of.failedAttempts > 0 ? 'failed' : 'muted'}>{count(of.failedAttempts)}</span>
}

function actions(act: (what: { act: 'revoke' | 'rotate'; key: Key }) => void): Column<Key> {
  return {
    title: 'Actions',
    untitled: true,
    cell: (key) => (
      <span class="actions">
        {key.status === 'active' && (
          <button type="button" class="small quiet" onClick={() => act({ act: 'rotate', key })}>
            Rotate<span class="unseen"> {wholeKeyName(key)}</span>
          </button>
        )}
        {key.status === 'retiring' && (
          <a class="button small quiet" href={at(`/settings/keys/${key.id}/rotation`)}>
            Follow<span class="unseen"> the rotation of {wholeKeyName(key)}</span>
          </a>
        )}
        {(key.status === 'active' || key.status === 'retiring') && (
          <button type="button" class="small quiet danger-quiet" onClick={() => act({ act: 'revoke', key })}>
            Revoke<span class="unseen"> {wholeKeyName(key)}</span>
          </button>
        )}
      </span>
    ),
  }
}

async function loadAll(signal: AbortSignal): Promise<readonly Key[]> {
  const all: Key[] = []
  let cursor: string | null = null
  do {
    const position: { cursor?: string } = cursor === null ? {} : { cursor }
    const page: { keys: Key[]; nextCursor: string | null } = await ask(
      api.GET('/api/keys', { signal, params: { query: { limit: PAGE, ...position } } }),
    )
    all.push(...page.keys)
    cursor = page.nextCursor
  } while (cursor !== null && all.length < MOST)
  return all
}

function filter(keys: readonly Key[], by: URLSearchParams): readonly Key[] {
  const text = fold(by.get('q') ?? '')
  const [status, stage] = [by.get('status'), by.get('stage')]
  return keys.filter(
    (key) =>
      (!text || fold(key.name).includes(text) || fold(key.prefix).includes(text)) &&
      (!status || (status === 'due' ? key.rotationDue : key.status === status)) &&
      (!stage || key.stage === stage),
  )
}
