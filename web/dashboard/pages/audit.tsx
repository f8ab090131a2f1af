import { useComputed } from '@preact/signals'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { pageAt, usePages } from '../app/load.ts'
import { namesWith, useNames } from '../app/names.ts'
import { at, query } from '../app/router.ts'
import { Empty } from '../components/empty.tsx'
import { SearchFilter, SelectFilter } from '../components/filters.tsx'
import { PageHead } from '../components/page.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { ClearFilters, TimeFilter } from '../components/time-filter.tsx'
import { Changes } from './parts/changes.tsx'

type AuditRecord = AnswerTo<'/api/audit'>['audit'][number]
type NameOf = (id: string | null) => string | undefined

const filters = ['action', 'actor', 'target', 'from', 'to'] as const
const actions = [
  'key.created',
  'key.changed',
  'key.rotated',
  'key.rotation_finished',
  'key.rotation_undone',
  'key.revoked',
  'key.leaked',
  'member.invited',
  'member.joined',
  'member.changed',
  'member.removed',
  'member.left',
  'member.sessions_ended',
  'organization.changed',
  'webhook.created',
  'webhook.changed',
  'webhook.secret_rotated',
  'webhook.deleted',
  'session.opened',
  'session.ended',
  'user.password_changed',
  'totp.enabled',
  'totp.disabled',
].map((action) => [action, inWords(action)] as const)

/** The audit trail: who changed what. */
export default function Audit() {
  const nameOf = useNames()
  const shown = useComputed(() => query.value).value
  const trail = usePages(
    async (cursor, signal) => {
      const filter = Object.fromEntries(
        filters.map((name) => [name, shown.get(name)]).filter(([, value]) => value),
      )
      const page = await ask(
        api.GET('/api/audit', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.audit, next: page.nextCursor }
    },
    filters.map((name) => shown.get(name)),
  )
  return (
    <>
      <PageHead
        title="Audit trail"
        lead="Who changed what. Each record holds the hash of the one before it: what was written can’t be rewritten unseen."
      />
      <div class="toolbar">
        <SelectFilter name="action" label="Action" options={actions} />
        <SelectFilter name="actor" label="By" options={namesWith('usr_')} />
        <SearchFilter name="target" label="Id of what was changed" />
        <TimeFilter name="from" label="From" />
        <TimeFilter name="to" label="To" />
        <ClearFilters names={filters} />
      </div>
      <PagedTable
        label="Changes"
        columns={columns(nameOf)}
        pages={trail}
        empty={
          <Empty icon="audit" title="No change is like that">
            Keys, members, settings, webhooks and log-ins are written down here as they change. Change or
            clear the filters to see more.
          </Empty>
        }
      />
    </>
  )
}

function columns(nameOf: NameOf): readonly Column<AuditRecord>[] {
  return [
    {
      title: 'What',
      cell: (record) => (
        <span class="row-title">
          <strong>{inWords(record.action)}</strong>
          <small>
            <Target of={record} nameOf={nameOf} />
          </small>
        </span>
      ),
    },
    { title: 'By', cell: (record) => <Actor of={record} nameOf={nameOf} /> },
    {
      title: 'Before and after',
      cell: ({ changes }) => <Changes of={changes} nameOf={nameOf} />,
    },
    {
      title: 'When',
      cell: (record) => (
        <span class="row-title">
          <Time at={record.at} />
          <small>
            {record.requestId ? <a href={at(`/logs/${record.requestId}`)}>Request</a> : record.ip}
          </small>
        </span>
      ),
    },
  ]
}

function Target({ of: { targetType, targetId }, nameOf }: { of: AuditRecord; nameOf: NameOf }) {
  if (targetId === null) return <>{targetType}</>
  const name = nameOf(targetId) ?? targetId
  if (targetType === 'key') return <a href={at(`/settings/keys/${targetId}`)}>{name}</a>
  return <>{name}</>
}

function Actor({ of, nameOf }: { of: AuditRecord; nameOf: NameOf }) {
  const user = of.userId && (nameOf(of.userId) ?? of.userId)
  const withKey = of.credentialId?.startsWith('key_') ? of.credentialId : null
  return (
    <span class="row-title">
      <span>{user ?? (withKey ? (nameOf(withKey) ?? withKey) : of.actorType)}</span>
      <small>
        {of.actorType.replaceAll('_', ' ')}
        {of.ip && `, ${of.ip}`}
      </small>
    </span>
  )
}

/** `key.rotation_finished` → `Key: rotation finished`. */
function inWords(action: string): string {
  const [noun = '', verb = ''] = action.split('.')
  return `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${verb}`
    .replaceAll('_', ' ')
    .replace('Totp', 'Second factor')
}
