import { useState } from 'preact/hooks'
import { api, ask } from '../../app/api.ts'
import { useCampaignNames } from '../../app/campaign-names.ts'
import { useCandidates } from '../../app/candidates.ts'
import { pageAt, usePages } from '../../app/load.ts'
import { at, query } from '../../app/router.ts'
import { server } from '../../app/server.ts'
import { may } from '../../app/session.ts'
import { SelectFilter } from '../../components/filters.tsx'
import { State } from '../../components/state.tsx'
import { type Column, PagedTable } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'
import { toast, toastFailure } from '../../components/toast.tsx'
import { CandidateLink } from './candidate-link.tsx'
import { EndInterviewDialog } from './end-interview-dialog.tsx'
import { ExtendDialog, type Invite } from './extend-dialog.tsx'
import { InviteLinkDialog, type ShownInvite } from './invite-dialog.tsx'

const statuses = (['pending', 'started', 'completed', 'expired', 'cancelled'] as const).map(
  (status) => [status, status.charAt(0).toUpperCase() + status.slice(1)] as const,
)

/** Invites of a campaign or of a candidate, and what can be done with each. */
export function InvitesTable({
  of,
  round,
}: {
  of: { campaignId: string } | { candidateId: string }
  /** Loaded anew when it changes. */
  round: number
}) {
  const status = query.value.get('invites') as Invite['status'] | null
  const invites = usePages(
    async (cursor, signal) => {
      const filter = { ...of, ...(status === null ? {} : { status }) }
      const page = await ask(
        api.GET('/api/invites', { signal, params: { query: { ...filter, ...pageAt(cursor) } } }),
      )
      return { items: page.invites, next: page.nextCursor }
    },
    [status, round],
  )
  const candidates = useCandidates(
    invites.data?.map(({ candidateId }) => candidateId) ?? [],
    'campaignId' in of ? of.campaignId : undefined,
  )
  const campaigns = useCampaignNames()
  const [shown, setShown] = useState<ShownInvite | null>(null)
  const [extending, setExtending] = useState<Invite | null>(null)
  const [ending, setEnding] = useState<{ invite: Invite; name: string } | null>(null)
  const act = async (work: Promise<unknown>, done: string) => {
    await work
    toast(done)
    await invites.reload()
  }
  const columns: readonly Column<Invite>[] = [
    'campaignId' in of
      ? {
          title: 'Candidate',
          cell: ({ candidateId }) => <CandidateLink id={candidateId} of={candidates.get(candidateId)} />,
        }
      : {
          title: 'Campaign',
          cell: ({ campaignId }) => (
            <span class="row-title">
              <a href={at(`/campaigns/${campaignId}`)}>{campaigns.get(campaignId) ?? campaignId}</a>
            </span>
          ),
        },
    { title: 'Status', cell: ({ status }) => <State of={status} /> },
    { title: 'Invited', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      title: 'Expires',
      cell: ({ status, expiresAt }) => (status === 'pending' ? <Time at={expiresAt} /> : ''),
    },
    {
      title: 'Interview',
      cell: ({ interviewId }) => interviewId && <a href={at(`/interviews/${interviewId}`)}>Answers</a>,
    },
    {
      title: 'Actions',
      untitled: true,
      cell: (invite) => may('invites:write') && actionsOf(invite),
    },
  ]

  // No component: one of each drawing's own would be another one each time, and its buttons lose the focus.
  function actionsOf(invite: Invite) {
    const { id, status } = invite
    const name = candidates.get(invite.candidateId)?.name ?? id
    const params = { path: { id } }
    const resend = async () => {
      setShown(await ask(api.POST('/api/invites/{id}/resend', { params, body: { sendEmail: false } })))
    }
    return (
      <span class="actions">
        {server.environment === 'sandbox' && may('interviews:write') && status === 'pending' && (
          <button
            type="button"
            class="small quiet"
            onClick={() =>
              void act(
                ask(api.POST('/api/sandbox/interviews/{id}/simulate', { params })),
                'Answered, as a candidate would',
              ).catch(toastFailure)
            }
          >
            Simulate<span class="unseen"> {name}</span>
          </button>
        )}
        {(status === 'pending' || status === 'started') && (
          <button type="button" class="small quiet" onClick={() => void resend().catch(toastFailure)}>
            New link<span class="unseen"> for {name}</span>
          </button>
        )}
        {status === 'pending' && (
          <>
            <button type="button" class="small quiet" onClick={() => setExtending(invite)}>
              Extend<span class="unseen"> the invite of {name}</span>
            </button>
            <button
              type="button"
              class="small quiet danger-quiet"
              onClick={() =>
                void act(
                  ask(api.POST('/api/invites/{id}/cancel', { params })),
                  `The invite of ${name} is cancelled`,
                ).catch(toastFailure)
              }
            >
              Cancel<span class="unseen"> the invite of {name}</span>
            </button>
          </>
        )}
        {status === 'started' && (
          <button type="button" class="small quiet danger-quiet" onClick={() => setEnding({ invite, name })}>
            End<span class="unseen"> the interview of {name}</span>
          </button>
        )}
      </span>
    )
  }

  return (
    <>
      <div class="toolbar">
        <SelectFilter name="invites" label="Status" options={statuses} />
      </div>
      <PagedTable
        label="Invites"
        columns={columns}
        pages={invites}
        empty={<p class="muted">{status === null ? 'Nobody is invited yet.' : `No invite is ${status}.`}</p>}
      />
      {shown && <InviteLinkDialog of={shown} onClose={() => setShown(null)} />}
      {ending && (
        <EndInterviewDialog
          of={ending.invite}
          name={ending.name}
          onClose={() => setEnding(null)}
          onDone={() => {
            setEnding(null)
            void act(Promise.resolve(), `The interview of ${ending.name} has ended`)
          }}
        />
      )}
      {extending && (
        <ExtendDialog
          of={extending}
          onClose={() => setExtending(null)}
          onDone={() => {
            setExtending(null)
            void invites.reload()
          }}
        />
      )}
    </>
  )
}
