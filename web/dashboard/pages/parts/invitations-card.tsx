import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../../app/api.ts'
import { pageAt, usePages } from '../../app/load.ts'
import { useNames } from '../../app/names.ts'
import { server } from '../../app/server.ts'
import { Badge } from '../../components/badge.tsx'
import { type Column, PagedTable } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'
import { toast, toastFailure } from '../../components/toast.tsx'
import { type Sent, SentDialog } from './invite-member-dialog.tsx'

type Invitation = AnswerTo<'/api/members/invitations'>['invitations'][number]
const kinds = { pending: 'warn', accepted: 'ok', withdrawn: 'plain', expired: 'plain' } as const

/** Who is invited, and who was. */
export function InvitationsCard({ writes }: { writes: boolean }) {
  const nameOf = useNames()
  const [sent, setSent] = useState<Sent | null>(null)
  const invitations = usePages(async (cursor, signal) => {
    const query = pageAt(cursor, 20)
    const page = await ask(api.GET('/api/members/invitations', { signal, params: { query } }))
    return { items: page.invitations, next: page.nextCursor }
  }, [])
  const resend = async (id: string) => {
    setSent(await ask(api.POST('/api/members/invitations/{id}/resend', { params: { path: { id } } })))
    await invitations.reload()
  }
  const withdraw = async ({ id, email }: Invitation) => {
    await ask(api.DELETE('/api/members/invitations/{id}', { params: { path: { id } } }))
    toast(`The invitation of ${email} is withdrawn`)
    await invitations.reload()
  }
  const columns: readonly Column<Invitation>[] = [
    { title: 'E-mail', cell: ({ email }) => <strong>{email}</strong> },
    { title: 'As', cell: ({ role }) => role },
    { title: 'Status', cell: ({ status }) => <Badge kind={kinds[status]}>{status}</Badge> },
    {
      title: 'Invited by',
      cell: ({ invitedBy }) => nameOf(invitedBy) ?? invitedBy ?? <span class="muted">a key</span>,
    },
    {
      title: 'Expires',
      cell: ({ status, expiresAt }) => (status === 'pending' ? <Time at={expiresAt} /> : ''),
    },
    {
      title: 'Actions',
      untitled: true,
      cell: (invitation) =>
        writes &&
        (invitation.status === 'pending' || invitation.status === 'expired') && (
          <span class="actions">
            {server.mail !== 'none' && (
              <button
                type="button"
                class="small quiet"
                onClick={() => void resend(invitation.id).catch(toastFailure)}
              >
                Send again<span class="unseen"> to {invitation.email}</span>
              </button>
            )}
            {invitation.status === 'pending' && (
              <button
                type="button"
                class="small quiet danger-quiet"
                onClick={() => void withdraw(invitation).catch(toastFailure)}
              >
                Withdraw<span class="unseen"> the invitation of {invitation.email}</span>
              </button>
            )}
          </span>
        ),
    },
  ]
  return (
    <section class="stack tight">
      <h2>Invitations</h2>
      <PagedTable
        label="Invitations"
        columns={columns}
        pages={invitations}
        empty={<p class="muted">Nobody is invited at the moment.</p>}
      />
      {sent && <SentDialog sent={sent} onClose={() => setSent(null)} />}
    </section>
  )
}
