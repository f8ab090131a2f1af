import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { instant } from '../app/format.ts'
import { useLoad } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Facts } from '../components/facts.tsx'
import { FailureNotice } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { ReadOnly } from '../components/read-only.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { State } from '../components/state.tsx'
import { Time } from '../components/time.tsx'
import { toast, toastFailure } from '../components/toast.tsx'
import { DeliveriesCard } from './parts/deliveries-card.tsx'
import { type Webhook, type WebhookAct, WebhookDialogs } from './parts/webhook-dialogs.tsx'
import { Verification } from './parts/webhook-secret.tsx'

/** One endpoint: how it fares, each delivery, and what can be done. */
export default function WebhookPage({ params: { id = '' } }: PageProps) {
  const path = { id }
  const webhook = useLoad((signal) => ask(api.GET('/api/webhooks/{id}', { signal, params: { path } })), [id])
  const { data, failure } = webhook
  const [acting, setActing] = useState<WebhookAct | null>(null)
  const [round, setRound] = useState(0)
  const test = async () => {
    await ask(api.POST('/api/webhooks/{id}/test', { params: { path } }))
    toast('A test event is on its way')
    setRound((count) => count + 1)
  }
  const turn = async (disabled: boolean) => {
    webhook.set(await ask(api.PATCH('/api/webhooks/{id}', { params: { path }, body: { disabled } })))
    toast(disabled ? 'The endpoint is disabled' : 'The endpoint is enabled')
  }
  return (
    <div class="stack">
      <PageHead
        title="Endpoint"
        lead={data?.url}
        back={<a href={at('/settings/webhooks')}>Webhooks</a>}
        actions={
          data &&
          may('webhooks:write') && (
            <>
              <button type="button" class="primary" onClick={() => void test().catch(toastFailure)}>
                Send a test event
              </button>
              <button type="button" onClick={() => setActing('edit')}>
                Edit
              </button>
              <button type="button" onClick={() => setActing('rotate')}>
                Rotate secret
              </button>
              <button type="button" onClick={() => void turn(!data.disabled).catch(toastFailure)}>
                {data.disabled ? 'Enable' : 'Disable'}
              </button>
              <button type="button" class="danger-quiet" onClick={() => setActing('delete')}>
                Delete
              </button>
            </>
          )
        }
      />
      <ReadOnly needs="webhooks:write" what="the endpoint" />
      {failure && !data && <FailureNotice failure={failure} retry={webhook.reload} />}
      {!data && !failure && <SkeletonBlock />}
      {data && (
        <>
          <Trouble of={data} />
          <section class="card">
            <Facts
              of={[
                ['Status', <State of={data.status} />],
                ['Events', data.events.includes('*') ? 'all' : data.events.join(', ')],
                data.description !== null && ['Description', data.description],
                ['Added', <Time at={data.createdAt} />],
                data.previousSecretUntil !== null && [
                  'The replaced secret is good until',
                  instant(data.previousSecretUntil),
                ],
              ]}
            />
          </section>
          <DeliveriesCard webhookId={id} round={round} onReplay={() => setActing('replay')} />
          <section class="card">
            <Verification />
          </section>
          {acting && (
            <WebhookDialogs
              act={acting}
              of={data}
              onClose={() => setActing(null)}
              onChanged={webhook.set}
              onReplayed={() => setRound((count) => count + 1)}
            />
          )}
        </>
      )}
    </div>
  )
}

const reasons = {
  request: 'It is disabled, as somebody of you asked for: events are not sent to it.',
  gone: 'It is disabled, as the receiver answered 410 Gone. Enable it when it is there again.',
  failing: 'It is disabled, as it failed for five days. Enable it, then send again what was missed.',
}

function Trouble({ of }: { of: Webhook }) {
  if (of.disabledReason !== null) return <Notice kind="warn">{reasons[of.disabledReason]}</Notice>
  if (of.failingSince !== null) {
    return (
      <Notice kind="danger">
        Deliveries have been failing since {instant(of.failingSince)}. After five days the endpoint is
        disabled.
      </Notice>
    )
  }
  if (of.pausedUntil !== null && Date.parse(of.pausedUntil) > Date.now()) {
    return <Notice>The receiver asked for quiet until {instant(of.pausedUntil)}.</Notice>
  }
  return null
}
