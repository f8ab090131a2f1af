import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { duration, instant } from '../app/format.ts'
import { type Loaded, useLoad } from '../app/load.ts'
import { may, me } from '../app/session.ts'
import { Confirm } from '../components/confirm.tsx'
import { Facts } from '../components/facts.tsx'
import { FailureNotice, Field, Form, SelectField, Submit } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { ReadOnly } from '../components/read-only.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { toast, toastFailure } from '../components/toast.tsx'

type Clock = AnswerTo<'/api/sandbox/clock'>

const units = [
  ['60', 'minutes'],
  ['3600', 'hours'],
  ['86400', 'days'],
] as const

/** What can be tried out in a sandbox, and nowhere else. */
export default function Sandbox() {
  const clock = useLoad((signal) => ask(api.GET('/api/sandbox/clock', { signal })), [])
  return (
    <div class="narrow stack">
      <PageHead
        title="Sandbox tools"
        lead="To try out what takes days, and to begin anew. Production has none of this."
      />
      <ReadOnly needs="organization:write" what="the tools" />
      <ClockCard clock={clock} />
      <ResetCard />
    </div>
  )
}

function ClockCard({ clock }: { clock: Loaded<Clock> }) {
  const { data, failure } = clock
  return (
    <section class="card stack">
      <h2>Clock</h2>
      {failure && !data && <FailureNotice failure={failure} retry={clock.reload} />}
      {!data && !failure && <SkeletonBlock lines={2} />}
      {data && (
        <>
          <p class="muted">
            Your organization’s own time. Move it ahead, and what is due by then happens at once: invites
            expire, interviews are given up, recordings are erased.
          </p>
          <Facts
            of={[
              ['Now, for you', instant(data.now)],
              [
                'Ahead of the real time',
                data.offsetSeconds === 0 ? 'not at all' : duration(data.offsetSeconds * 1000),
              ],
            ]}
          />
          {may('organization:write') && <Advance clock={clock} ahead={data.offsetSeconds > 0} />}
        </>
      )}
    </section>
  )
}

function Advance({ clock, ahead }: { clock: Loaded<Clock>; ahead: boolean }) {
  const back = async () => {
    clock.set(await ask(api.DELETE('/api/sandbox/clock')))
    toast('The clock shows the real time again')
  }
  return (
    <Form
      onSubmit={async ({ amount = '1', unit = '3600' }) => {
        const body = { advanceSeconds: Number(amount) * Number(unit) }
        clock.set(await ask(api.POST('/api/sandbox/clock', { body })))
        toast('The clock is moved')
      }}
    >
      <div class="pair">
        <Field name="amount" label="Move ahead by" type="number" min={1} max={3660} defaultValue="1" />
        <SelectField name="unit" label="Unit" options={units} initial="86400" />
      </div>
      <p class="actions">
        <Submit>Move the clock</Submit>
        {ahead && (
          <button type="button" onClick={() => void back().catch(toastFailure)}>
            Back to the real time
          </button>
        )}
      </p>
    </Form>
  )
}

function ResetCard() {
  const [asking, setAsking] = useState(false)
  const [deleted, setDeleted] = useState<Record<string, number> | null>(null)
  const name = me.value?.organization.name ?? ''
  return (
    <section class="card stack tight danger-card">
      <h2>Begin anew</h2>
      <p class="muted">
        Campaigns, candidates, invites, interviews, files and events are deleted. Keys, members, webhooks and
        settings stay.
      </p>
      {deleted && (
        <Notice kind="ok" role="status">
          Deleted:{' '}
          {Object.entries(deleted)
            .map(([what, count]) => `${count} ${what}`)
            .join(', ')}
          .
        </Notice>
      )}
      {may('organization:write') && (
        <p class="actions">
          <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
            Reset the sandbox
          </button>
        </p>
      )}
      {asking && (
        <Confirm
          title="Reset the sandbox?"
          action="Delete it all"
          typed={name}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            const answer = await ask(api.POST('/api/sandbox/reset'))
            setDeleted(answer.deleted)
            setAsking(false)
          }}
        >
          <Notice kind="warn">This can’t be undone. It concerns this organization alone.</Notice>
        </Confirm>
      )}
    </section>
  )
}
