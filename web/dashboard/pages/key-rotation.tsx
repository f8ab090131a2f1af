import { useEffect, useState } from 'preact/hooks'
import { type AnswerTo, api, ask, type Key } from '../app/api.ts'
import { count, duration, instant } from '../app/format.ts'
import { endOf, keyName } from '../app/keys.ts'
import { useLoad, usePoll } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Empty } from '../components/empty.tsx'
import { FailureNotice } from '../components/form.tsx'
import { KeyStatus } from '../components/key-status.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { Time } from '../components/time.tsx'
import { EndRotationDialog } from './parts/end-rotation-dialog.tsx'
import { NewKey } from './parts/new-key.tsx'
import { takeSecret } from './parts/secrets.ts'

const REFRESH_MS = 2000
const QUIET_MS = 10 * 60_000

type Caller = AnswerTo<'/api/keys/{id}/callers'>['callers'][number]

interface Cockpit {
  readonly old: Key
  readonly successor: Key | null
  readonly callers: readonly Caller[]
  readonly newCallers: readonly Caller[]
}

/** The cockpit of a rotation: who still calls with the old key, who with the new one, how much time is left. */
export default function KeyRotation({ params: { id = '' } }: PageProps) {
  const cockpit = useLoad(() => look(id), [id])
  const [ending, setEnding] = useState<'finish' | 'undo' | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  const { data, failure, reload, set } = cockpit
  usePoll(async () => data && set(await look(id)), REFRESH_MS)
  const successorId = data?.old.replacedBy
  useEffect(() => {
    const kept = successorId ? takeSecret(successorId) : null
    if (kept) setSecret(kept)
  }, [successorId])
  if (failure && !data) return <FailureNotice failure={failure} retry={reload} />
  if (!data) return <SkeletonBlock lines={8} />
  const { old, successor } = data
  const underWay = old.status === 'retiring'
  const done = () => {
    setEnding(null)
    void reload()
  }
  return (
    <div class="stack">
      <PageHead
        title={`Rotation of “${old.name}”`}
        back={<a href={at(`/settings/keys/${id}`)}>{keyName(old)}</a>}
        lead="Change your programs over to the new key. When nobody calls with the old one any more, finish."
        actions={
          underWay &&
          may('keys:write') && (
            <>
              <button type="button" onClick={() => setEnding('undo')}>
                Undo
              </button>
              <button type="button" class="primary" onClick={() => setEnding('finish')}>
                Finish now
              </button>
            </>
          )
        }
      />
      {secret && (
        <section class="card">
          <h2>The new key</h2>
          <NewKey text={secret} />
        </section>
      )}
      {underWay && successor ? (
        <>
          <TimeLeft old={old} successor={successor} />
          <div class="columns">
            <Side title="Old key" of={old} callers={data.callers} old />
            <Side title="New key" of={successor} callers={data.newCallers} />
          </div>
        </>
      ) : (
        <Empty
          icon="rotate"
          title={old.replacedBy ? 'This rotation is over' : 'No rotation is under way'}
          action={
            <a class="button" href={at(`/settings/keys/${old.replacedBy ?? id}`)}>
              {old.replacedBy ? 'To the new key' : `To “${old.name}”`}
            </a>
          }
        >
          {old.replacedBy
            ? 'The old key has ended; only its successor is accepted.'
            : 'The key is accepted as before. Rotate it from its own page.'}
        </Empty>
      )}
      {ending && (
        <EndRotationDialog
          of={old}
          act={ending}
          callers={active(data.callers)}
          onClose={() => setEnding(null)}
          onDone={done}
        />
      )}
    </div>
  )
}

async function look(id: string): Promise<Cockpit> {
  const of = (keyId: string) => ({ params: { path: { id: keyId } } })
  const [old, { callers }] = await Promise.all([
    ask(api.GET('/api/keys/{id}', of(id))),
    ask(api.GET('/api/keys/{id}/callers', of(id))),
  ])
  if (!old.replacedBy) return { old, successor: null, callers, newCallers: [] }
  const [successor, its] = await Promise.all([
    ask(api.GET('/api/keys/{id}', of(old.replacedBy))),
    ask(api.GET('/api/keys/{id}/callers', of(old.replacedBy))),
  ])
  return { old, successor, callers, newCallers: its.callers }
}

/** Who has called of late: the others have perhaps been changed over. */
function active(callers: readonly Caller[]): number {
  return callers.filter(({ lastSeenAt }) => Date.now() - Date.parse(lastSeenAt) < QUIET_MS).length
}

function TimeLeft({ old, successor }: { old: Key; successor: Key }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const begun = Date.parse(successor.createdAt)
  const ends = Date.parse(endOf(old) ?? '')
  return (
    <section class="card stack tight" aria-label="Time left">
      <header class="spread">
        <h2>{duration(ends - now)} left</h2>
        <span class="muted">the old key ends on {instant(ends)}</span>
      </header>
      <progress
        max={ends - begun}
        value={Math.max(0, now - begun)}
        aria-label="Time gone of the change-over"
      />
    </section>
  )
}

function Side({
  title,
  of,
  callers,
  old = false,
}: {
  title: string
  of: Key
  callers: readonly Caller[]
  old?: boolean
}) {
  const busy = active(callers)
  return (
    <section class="card stack tight">
      <header class="spread">
        <h2>{title}</h2>
        <KeyStatus of={of} />
      </header>
      <p>
        <code>{of.prefix}…</code> <span class="muted">{count(of.requestCount)} requests</span>
      </p>
      {old && busy > 0 && (
        <Notice kind="warn" role="status">
          {busy === 1 ? 'One caller has' : `${busy} callers have`} used it in the last 10 minutes.
        </Notice>
      )}
      {old && busy === 0 && (
        <Notice kind="ok" role="status">
          Nobody has used it in the last 10 minutes.
        </Notice>
      )}
      {callers.length === 0 ? (
        <p class="muted">{old ? 'Nobody ever used it.' : 'Nobody uses it yet.'}</p>
      ) : (
        <ul class="callers">
          {callers.slice(0, 12).map((caller) => (
            <li key={`${caller.ip} ${caller.userAgent}`}>
              <span class="row-title">
                <span class="mono">{caller.ip}</span>
                <small>{caller.userAgent ?? 'no user agent'}</small>
              </span>
              <span>
                <Time at={caller.lastSeenAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
