import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../app/api.ts'
import { count, instant } from '../app/format.ts'
import { endOf, keyName } from '../app/keys.ts'
import { useEvents } from '../app/live.ts'
import { useLoad, usePoll } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { may } from '../app/session.ts'
import { CopyButton } from '../components/copy.tsx'
import { FailureNotice } from '../components/form.tsx'
import { KeyStatus } from '../components/key-status.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { Time } from '../components/time.tsx'
import { CallersCard } from './parts/callers-card.tsx'
import { EditDialog } from './parts/edit-dialog.tsx'
import { KeyLogCard } from './parts/key-log-card.tsx'
import { RecommendationCard } from './parts/recommendation-card.tsx'
import { RevokeDialog } from './parts/revoke-dialog.tsx'
import { RotateDialog } from './parts/rotate-dialog.tsx'
import { UsageCard } from './parts/usage-card.tsx'

const changes = ['key.rotated', 'key.revoked']
const REFRESH_MS = 10_000

/** One key: what it is and may do, how it is used, by whom, and what it could do without. */
export default function KeyPage({ params: { id = '' } }: PageProps) {
  const load = () => ask(api.GET('/api/keys/{id}', { params: { path: { id } } }))
  const key = useLoad(load, [id])
  useEvents(changes, () => void key.reload())
  const [open, setOpen] = useState<'edit' | 'rotate' | 'revoke' | null>(null)
  usePoll(async () => key.data && key.set(await load()), REFRESH_MS)
  const { data, failure, reload } = key
  if (failure && !data) return <FailureNotice failure={failure} retry={reload} />
  if (!data) return <SkeletonBlock lines={8} />
  const close = () => setOpen(null)
  const changed = () => {
    close()
    void reload()
  }
  return (
    <div class="stack">
      <PageHead
        title={keyName(data)}
        back={<a href={at('/settings/keys')}>API Keys</a>}
        lead={
          <>
            <code>{data.prefix}…</code> <KeyStatus of={data} />
          </>
        }
        actions={<Actions of={data} open={setOpen} />}
      />
      <State of={data} />
      <Facts of={data} />
      <UsageCard keyId={id} />
      <div class="columns">
        <CallersCard keyId={id} />
        <RecommendationCard of={data} onApplied={reload} />
      </div>
      {may('logs:read') && <KeyLogCard keyId={id} />}
      {open === 'edit' && <EditDialog of={data} onClose={close} onDone={changed} />}
      {open === 'rotate' && <RotateDialog of={data} onClose={close} />}
      {open === 'revoke' && <RevokeDialog of={data} onClose={close} onDone={changed} />}
    </div>
  )
}

function Actions({ of, open }: { of: Key; open: (what: 'edit' | 'rotate' | 'revoke') => void }) {
  const lives = of.status === 'active' || of.status === 'retiring'
  if (!lives || !may('keys:write')) return null
  return (
    <>
      <button type="button" onClick={() => open('edit')}>
        Edit
      </button>
      {of.status === 'active' && (
        <button type="button" onClick={() => open('rotate')}>
          Rotate
        </button>
      )}
      <button type="button" class="danger-quiet" onClick={() => open('revoke')}>
        Revoke
      </button>
    </>
  )
}

/** What its state means for who looks at it. */
function State({ of }: { of: Key }) {
  if (of.status === 'retiring') {
    return (
      <Notice kind="warn">
        This key is being replaced, and ends <Time at={endOf(of)} />.{' '}
        <a href={at(`/settings/keys/${of.id}/rotation`)}>Follow the change-over</a>
      </Notice>
    )
  }
  if (of.rotationDue) {
    return (
      <Notice kind="warn">
        Made <Time at={of.createdAt} />: rotate keys every 90 days. The old one works on while you change your
        programs over.
      </Notice>
    )
  }
  if (of.creatorLeftAt) {
    return (
      <Notice kind="warn">
        Who made this key has left the organization: rotate it if they could still know it.
      </Notice>
    )
  }
  if (of.status === 'revoked') return <Notice kind="info">Revoked: every request with it gets 401.</Notice>
  if (of.status === 'expired')
    return <Notice kind="info">This key has ended. What it did stays in the log.</Notice>
  return null
}

function Facts({ of }: { of: Key }) {
  return (
    <section class="card" aria-label="Facts">
      <dl class="facts">
        <Fact name="Requests">
          <span class="figure">{count(of.requestCount)}</span>
        </Fact>
        <Fact name="Failed attempts">
          <span class={of.failedAttempts > 0 ? 'figure failed' : 'figure'}>{count(of.failedAttempts)}</span>
        </Fact>
        <Fact name="Last used">
          <Time at={of.lastUsedAt} />
        </Fact>
        <Fact name="Created">
          <Time at={of.createdAt} />
        </Fact>
        <Fact name="Expires">{of.expiresAt === null ? 'Never' : instant(of.expiresAt)}</Fact>
        <Fact name="May do">{of.scopes.includes('*') ? 'Everything' : of.scopes.join(', ')}</Fact>
        <Fact name="Allowed from">
          {of.allowedIps.length === 0 ? 'Everywhere' : of.allowedIps.join(', ')}
        </Fact>
        <Fact name="Rate limit">
          {of.rateLimitPerMinute === null ? 'The organization’s' : `${count(of.rateLimitPerMinute)} a minute`}
        </Fact>
        <Fact name="Id" long>
          <code>{of.id}</code> <CopyButton text={of.id} of="the id" label="Copy" />
        </Fact>
      </dl>
    </section>
  )
}

function Fact({ name, long, children }: { name: string; long?: boolean; children: ComponentChildren }) {
  return (
    <div class={long ? 'long' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
