import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { Failure } from '../app/failure.ts'
import { pageAt, usePages } from '../app/load.ts'
import { Badge } from '../components/badge.tsx'
import { Confirm } from '../components/confirm.tsx'
import { PasswordField, type Values } from '../components/form.tsx'
import { PageHead } from '../components/page.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { toast } from '../components/toast.tsx'

type Session = AnswerTo<'/api/auth/sessions'>['sessions'][number]

/** Where one is logged in, in all one's organizations. */
export default function Sessions() {
  const sessions = usePages(async (cursor, signal) => {
    const query = pageAt(cursor)
    const page = await ask(api.GET('/api/auth/sessions', { signal, params: { query } }))
    return { items: page.sessions, next: page.nextCursor }
  }, [])
  const [ending, setEnding] = useState<Session | 'others' | null>(null)
  const several = (sessions.data?.length ?? 0) > 1
  return (
    <>
      <PageHead
        title="Sessions"
        lead="Where you are logged in. End what you don’t know, and change your password then."
        actions={
          several && (
            <button type="button" onClick={() => setEnding('others')}>
              End all others
            </button>
          )
        }
      />
      <PagedTable label="Sessions" columns={columns(setEnding)} pages={sessions} empty={null} />
      {ending !== null && (
        <EndDialog
          of={ending}
          onClose={() => setEnding(null)}
          onDone={() => {
            setEnding(null)
            void sessions.reload()
          }}
        />
      )}
    </>
  )
}

function columns(end: (session: Session) => void): readonly Column<Session>[] {
  return [
    {
      title: 'Where',
      cell: ({ device, userAgent, current }) => (
        <span class="row-title">
          <strong title={userAgent ?? ''}>
            {device} {current && <Badge kind="ok">This one</Badge>}
          </strong>
        </span>
      ),
    },
    {
      title: 'With',
      cell: ({ kind }) => (kind === 'dashboard' ? 'Dashboard' : 'Access token'),
    },
    { title: 'Organization', cell: ({ organization }) => organization.name },
    { title: 'From', cell: ({ ip }) => <span class="mono">{ip ?? ''}</span> },
    { title: 'Began', cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
    {
      title: 'Actions',
      untitled: true,
      cell: (session) =>
        !session.current && (
          <span class="actions">
            <button type="button" class="small quiet danger-quiet" onClick={() => end(session)}>
              End<span class="unseen"> the session on {session.device}</span>
            </button>
          </span>
        ),
    },
  ]
}

function EndDialog({
  of,
  onClose,
  onDone,
}: {
  of: Session | 'others'
  onClose: () => void
  onDone: () => void
}) {
  const [confirming, setConfirming] = useState(false)
  const end = async ({ password }: Values) => {
    const body = password ? { password } : {}
    try {
      if (of === 'others') await ask(api.DELETE('/api/auth/sessions', { body }))
      else await ask(api.DELETE('/api/auth/sessions/{id}', { params: { path: { id: of.id } }, body }))
    } catch (thrown) {
      if (Failure.from(thrown).reason === 'confirmation_missing' && !confirming) return setConfirming(true)
      throw thrown
    }
    toast(of === 'others' ? 'All other sessions are ended' : 'The session is ended')
    onDone()
  }
  return (
    <Confirm
      title={of === 'others' ? 'End all other sessions?' : `End the session on ${of.device}?`}
      action="End"
      onClose={onClose}
      onConfirm={end}
    >
      <p>Its next request is refused. This session goes on.</p>
      {confirming && (
        <PasswordField
          name="password"
          label="Your password"
          autocomplete="current-password"
          help="Your log-in was a while ago: confirm that it is you."
        />
      )}
    </Confirm>
  )
}
