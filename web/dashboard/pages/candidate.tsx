import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import type { Candidate } from '../app/candidates.ts'
import { useEvents } from '../app/live.ts'
import { useLoad } from '../app/load.ts'
import type { PageProps } from '../app/page.ts'
import { at, go } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Confirm } from '../components/confirm.tsx'
import { Dialog, DialogActions } from '../components/dialog.tsx'
import { Facts } from '../components/facts.tsx'
import { FailureNotice, Form, Submit } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { Time } from '../components/time.tsx'
import { toast } from '../components/toast.tsx'
import { CandidateFields, readCandidate } from './parts/candidate-form.tsx'
import { FilesCard } from './parts/files-card.tsx'
import { InvitesTable } from './parts/invites-table.tsx'

const changing = ['invite.created', 'invite.cancelled', 'interview.started', 'interview.completed'] as const

/** One candidate: who they are, their files, and what they were invited to. */
export default function CandidatePage({ params: { id = '' } }: PageProps) {
  const path = { id }
  const candidate = useLoad(
    (signal) => ask(api.GET('/api/candidates/{id}', { signal, params: { path } })),
    [id],
  )
  const [acting, setActing] = useState<'edit' | 'erase' | null>(null)
  const [round, setRound] = useState(0)
  useEvents(changing, () => setRound((count) => count + 1))
  const { data, failure } = candidate
  const close = () => setActing(null)
  return (
    <div class="stack">
      <PageHead
        title={data?.name ?? 'Candidate'}
        back={<a href={at('/candidates')}>Candidates</a>}
        actions={
          data &&
          may('candidates:write') && (
            <>
              <button type="button" onClick={() => setActing('edit')}>
                Edit
              </button>
              <button type="button" class="danger-quiet" onClick={() => setActing('erase')}>
                Erase
              </button>
            </>
          )
        }
      />
      {failure && !data && <FailureNotice failure={failure} retry={candidate.reload} />}
      {!data && !failure && <SkeletonBlock />}
      {data && (
        <>
          <section class="card">
            <Facts
              of={[
                ['E-mail', <a href={`mailto:${data.email}`}>{data.email}</a>],
                ['Phone', data.phone ?? <span class="muted">none</span>],
                ['External id', data.externalId ?? <span class="muted">none</span>],
                ['Added', <Time at={data.createdAt} />],
                Object.keys(data.metadata).length > 0 && ['Metadata', <Metadata of={data} />],
              ]}
            />
          </section>
          <FilesCard candidateId={id} />
          <section class="stack tight">
            <h2>Invites</h2>
            <InvitesTable of={{ candidateId: id }} round={round} />
          </section>
        </>
      )}
      {acting === 'edit' && data && (
        <Dialog title="Edit the candidate" onClose={close}>
          <Form
            onSubmit={async (values) => {
              const body = readCandidate(values)
              candidate.set(await ask(api.PATCH('/api/candidates/{id}', { params: { path }, body })))
              toast('The candidate is saved')
              close()
            }}
          >
            <CandidateFields of={data} />
            <DialogActions onCancel={close}>
              <Submit>Save</Submit>
            </DialogActions>
          </Form>
        </Dialog>
      )}
      {acting === 'erase' && data && (
        <Confirm
          title={`Erase ${data.name}?`}
          action="Erase for good"
          typed={data.name}
          onClose={close}
          onConfirm={async () => {
            await ask(api.DELETE('/api/candidates/{id}', { params: { path } }))
            toast('The candidate is erased')
            go('/candidates')
          }}
        >
          <Notice kind="warn">
            Their data, files, invites, interviews and answers are erased. This can’t be undone.
          </Notice>
        </Confirm>
      )}
    </div>
  )
}

function Metadata({ of: { metadata } }: { of: Candidate }) {
  return <code>{JSON.stringify(metadata)}</code>
}
