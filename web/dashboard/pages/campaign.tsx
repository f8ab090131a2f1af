import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { count } from '../app/format.ts'
import { useEvents } from '../app/live.ts'
import { useLoad } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Confirm } from '../components/confirm.tsx'
import { FailureNotice } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { State } from '../components/state.tsx'
import { toast, toastFailure } from '../components/toast.tsx'
import { BulkDialog } from './parts/bulk-dialog.tsx'
import { InviteDialog } from './parts/invite-dialog.tsx'
import { InvitesTable } from './parts/invites-table.tsx'

type Campaign = AnswerTo<'/api/campaigns/{id}'>
type Status = Campaign['status']

const changing = [
  'campaign.updated',
  'invite.created',
  'invite.cancelled',
  'invite.expired',
  'interview.started',
  'interview.paused',
  'interview.completed',
  'interview.abandoned',
] as const

/** From each status, where a campaign may go, and what the button says. */
const moves: Record<Status, readonly (readonly [Status, string])[]> = {
  draft: [['active', 'Activate']],
  active: [
    ['paused', 'Pause'],
    ['completed', 'Complete'],
  ],
  paused: [
    ['active', 'Resume'],
    ['completed', 'Complete'],
  ],
  completed: [['active', 'Reopen']],
  archived: [],
}

/** One campaign: how far it has come, who is invited, and its questions. Live. */
export default function CampaignPage({ params: { id = '' } }: PageProps) {
  const path = { id }
  const campaign = useLoad(
    (signal) => ask(api.GET('/api/campaigns/{id}', { signal, params: { path } })),
    [id],
  )
  const { data, failure } = campaign
  const [inviting, setInviting] = useState<'one' | 'csv' | null>(null)
  const [round, setRound] = useState(0)
  const refresh = () => {
    setRound((count) => count + 1)
    return campaign.reload()
  }
  useEvents(changing, refresh)
  const close = () => setInviting(null)
  return (
    <div class="stack">
      <PageHead
        title={data?.name ?? 'Campaign'}
        lead={data?.description}
        back={<a href={at('/campaigns')}>Campaigns</a>}
        actions={data && <Actions of={data} onChanged={campaign.set} />}
      />
      {failure && !data && <FailureNotice failure={failure} retry={campaign.reload} />}
      {!data && !failure && <SkeletonBlock lines={8} />}
      {data && (
        <>
          <Counts of={data} />
          <section class="stack tight">
            <header class="spread">
              <h2>Invites</h2>
              {may('invites:write') && data.status === 'active' && (
                <span class="actions">
                  <button type="button" onClick={() => setInviting('csv')}>
                    Invite from CSV
                  </button>
                  <button type="button" class="primary" onClick={() => setInviting('one')}>
                    <Icon name="plus" />
                    Invite a candidate
                  </button>
                </span>
              )}
            </header>
            {may('invites:write') && data.status !== 'active' && (
              <Notice>The campaign is {data.status}: candidates can be invited while it is active.</Notice>
            )}
            <InvitesTable of={{ campaignId: id }} round={round} />
          </section>
          <Questions of={data} />
        </>
      )}
      {inviting === 'one' && <InviteDialog campaignId={id} onClose={close} onInvited={refresh} />}
      {inviting === 'csv' && <BulkDialog campaignId={id} onClose={close} onInvited={refresh} />}
    </div>
  )
}

function Actions({ of, onChanged }: { of: Campaign; onChanged: (campaign: Campaign) => void }) {
  const [archiving, setArchiving] = useState(false)
  if (!may('campaigns:write')) return null
  const params = { path: { id: of.id } }
  const to = async (status: Status) => {
    onChanged(await ask(api.PATCH('/api/campaigns/{id}', { params, body: { status } })))
    toast(`The campaign is ${status}`)
  }
  return (
    <>
      {moves[of.status].map(([status, text]) => (
        <button key={status} type="button" onClick={() => void to(status).catch(toastFailure)}>
          {text}
        </button>
      ))}
      {of.status !== 'archived' && (
        <>
          <button type="button" class="danger-quiet" onClick={() => setArchiving(true)}>
            Archive
          </button>
          <a class="button" href={at(`/campaigns/${of.id}/edit`)}>
            Edit
          </a>
        </>
      )}
      {archiving && (
        <Confirm
          title={`Archive “${of.name}”?`}
          action="Archive"
          onClose={() => setArchiving(false)}
          onConfirm={async () => {
            await to('archived')
            setArchiving(false)
          }}
        >
          <p>
            It can’t be taken out again. Nobody new can begin, and interviews under way end at once. What was
            answered stays. To let candidates finish, complete the campaign instead.
          </p>
        </Confirm>
      )}
    </>
  )
}

function Counts({ of: { status, counts, inviteValidHours, language } }: { of: Campaign }) {
  return (
    <section class="card">
      <dl class="facts">
        <div>
          <dt>Status</dt>
          <dd>
            <State of={status} />
          </dd>
        </div>
        {(['invited', 'started', 'completed', 'expired'] as const).map((name) => (
          <div key={name}>
            <dt>{name.charAt(0).toUpperCase() + name.slice(1)}</dt>
            <dd class="figure">{count(counts[name])}</dd>
          </div>
        ))}
        <div>
          <dt>Invites are good for</dt>
          <dd>
            {inviteValidHours % 24 === 0 ? `${inviteValidHours / 24} days` : `${inviteValidHours} hours`}
          </dd>
        </div>
        <div>
          <dt>Language</dt>
          <dd>{language}</dd>
        </div>
      </dl>
    </section>
  )
}

function Questions({ of: { questions } }: { of: Campaign }) {
  return (
    <section class="card">
      <h2>Questions</h2>
      {questions.length === 0 && (
        <p class="muted">None yet: an interview without questions is over at once.</p>
      )}
      <ol class="prompts">
        {questions.map(({ id, prompt, kind, options, timeLimitSeconds }) => (
          <li key={id}>
            {prompt}
            <small class="muted">
              {kind}
              {options && `: ${options.join(', ')}`}
              {timeLimitSeconds !== undefined && `, ${timeLimitSeconds} s`}
            </small>
          </li>
        ))}
      </ol>
    </section>
  )
}
