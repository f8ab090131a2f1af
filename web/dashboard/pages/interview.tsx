import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { useCandidate } from '../app/candidates.ts'
import { Failure } from '../app/failure.ts'
import { useEvents } from '../app/live.ts'
import { useLoad } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { server } from '../app/server.ts'
import { may } from '../app/session.ts'
import { Facts } from '../components/facts.tsx'
import { FailureNotice } from '../components/form.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { State } from '../components/state.tsx'
import { Time } from '../components/time.tsx'
import { toast } from '../components/toast.tsx'
import { AnswerCard, spoken } from './parts/answer.tsx'

type Interview = AnswerTo<'/api/interviews/{id}'>

const changing = ['interview.paused', 'interview.completed', 'interview.abandoned'] as const

/** One interview: its answers, with players for what was spoken or filmed. Live. */
export default function InterviewPage({ params: { id = '' } }: PageProps) {
  const path = { id }
  const interview = useLoad(
    (signal) => ask(api.GET('/api/interviews/{id}', { signal, params: { path } })),
    [id],
  )
  useEvents(changing, interview.reload)
  const { data, failure } = interview
  const candidate = useCandidate(data?.candidateId)
  const over = data?.status === 'completed' || data?.status === 'abandoned'
  return (
    <div class="narrow stack">
      <PageHead
        title={candidate ? `${candidate.name}: ${data?.title}` : (data?.title ?? 'Interview')}
        back={<a href={at('/interviews')}>Interviews</a>}
        actions={
          data &&
          !over &&
          server.environment === 'sandbox' &&
          may('interviews:write') && <Simulate id={id} onDone={interview.set} />
        }
      />
      {failure && !data && <FailureNotice failure={failure} retry={interview.reload} />}
      {!data && !failure && <SkeletonBlock lines={8} />}
      {data && (
        <>
          <section class="card">
            <Facts
              of={[
                ['Status', <State of={data.status} />],
                [
                  'Candidate',
                  <a href={at(`/candidates/${data.candidateId}`)}>{candidate?.name ?? data.candidateId}</a>,
                ],
                ['Campaign', <a href={at(`/campaigns/${data.campaignId}`)}>{data.title}</a>],
                ['Began', <Time at={data.startedAt} />],
                ['Completed', <Time at={data.completedAt} never="Not yet" />],
                data.durationSeconds !== null && ['Took, pauses left out', spoken(data.durationSeconds)],
              ]}
            />
          </section>
          {data.answers.length === 0 && <p class="muted">No answers yet. They appear here as they come.</p>}
          {data.answers.map((answer, index) => (
            <AnswerCard key={answer.questionId} of={answer} number={index + 1} onStale={interview.reload} />
          ))}
        </>
      )}
    </div>
  )
}

function Simulate({ id, onDone }: { id: string; onDone: (interview: Interview) => void }) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const run = async () => {
    setBusy(true)
    setFailure(null)
    try {
      onDone(await ask(api.POST('/api/sandbox/interviews/{id}/simulate', { params: { path: { id } } })))
      toast('Answered, as a candidate would')
    } catch (thrown) {
      setFailure(Failure.from(thrown))
    }
    setBusy(false)
  }
  return (
    <>
      <button type="button" aria-disabled={busy} onClick={() => !busy && void run()}>
        {busy ? 'One moment…' : 'Simulate the rest'}
      </button>
      {failure && <FailureNotice failure={failure} />}
    </>
  )
}
