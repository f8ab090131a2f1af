import { useState } from 'preact/hooks'
import { fold } from '../../../schemas/fold.ts'
import { api, ask } from '../app/api.ts'
import { pageAt, usePages } from '../app/load.ts'
import { server } from '../app/server.ts'
import { may, me } from '../app/session.ts'
import { Badge } from '../components/badge.tsx'
import { FailureNotice } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { PageHead } from '../components/page.tsx'
import { ReadOnly } from '../components/read-only.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { WithoutMail } from '../components/without-mail.tsx'
import { InvitationsCard } from './parts/invitations-card.tsx'
import { InviteMemberDialog } from './parts/invite-member-dialog.tsx'
import { type Member, type MemberAct, MemberDialog } from './parts/member-dialog.tsx'

/** Members, what they may, and who is invited. */
export default function Members() {
  const members = usePages(async (cursor, signal) => {
    const query = pageAt(cursor)
    const page = await ask(api.GET('/api/members', { signal, params: { query } }))
    return { items: page.members, next: page.nextCursor }
  }, [])
  const [acting, setActing] = useState<{ act: MemberAct; member: Member } | null>(null)
  const [inviting, setInviting] = useState(false)
  const [invited, setInvited] = useState(0)
  const writes = may('members:write')
  return (
    <div class="stack">
      <PageHead
        title="Members"
        lead="Who works in this organization, and what they may. A change counts from their next request on."
        actions={
          writes &&
          server.mail !== 'none' && (
            <button type="button" class="primary" onClick={() => setInviting(true)}>
              <Icon name="plus" />
              Invite
            </button>
          )
        }
      />
      <ReadOnly needs="members:write" what="the members" />
      {writes && <WithoutMail what="nobody can be invited" />}
      {members.failure && members.data && <FailureNotice failure={members.failure} retry={members.reload} />}
      <PagedTable
        label="Members"
        columns={columns(writes, (act, member) => setActing({ act, member }))}
        pages={members}
        empty={null}
      />
      <InvitationsCard key={invited} writes={writes} />
      {inviting && (
        <InviteMemberDialog
          onClose={() => setInviting(false)}
          onInvited={() => setInvited((count) => count + 1)}
        />
      )}
      {acting && (
        <MemberDialog
          {...acting}
          onClose={() => setActing(null)}
          onDone={() => {
            setActing(null)
            void members.reload()
          }}
        />
      )}
    </div>
  )
}

function columns(writes: boolean, act: (act: MemberAct, member: Member) => void): readonly Column<Member>[] {
  return [
    {
      title: 'Name',
      by: ({ name }) => fold(name),
      cell: ({ name, email, userId }) => (
        <span class="row-title">
          <strong>
            {name} {isMe(userId) && <Badge kind="plain">You</Badge>}
          </strong>
          <small>{email}</small>
        </span>
      ),
    },
    {
      title: 'Role',
      by: ({ role }) => role,
      cell: ({ role }) => <Badge kind={role === 'owner' ? 'info' : 'plain'}>{role}</Badge>,
    },
    { title: 'Joined', by: ({ joinedAt }) => joinedAt, cell: ({ joinedAt }) => <Time at={joinedAt} /> },
    {
      title: 'Actions',
      untitled: true,
      cell: (member) =>
        isMe(member.userId) ? (
          <span class="actions">
            <button type="button" class="small quiet danger-quiet" onClick={() => act('leave', member)}>
              Leave
            </button>
          </span>
        ) : (
          writes && <Actions of={member} act={act} />
        ),
    },
  ]
}

function Actions({ of, act }: { of: Member; act: (act: MemberAct, member: Member) => void }) {
  return (
    <span class="actions">
      <button type="button" class="small quiet" onClick={() => act('role', of)}>
        Role<span class="unseen"> of {of.name}</span>
      </button>
      <button type="button" class="small quiet" onClick={() => act('sessions', of)}>
        End sessions<span class="unseen"> of {of.name}</span>
      </button>
      <button type="button" class="small quiet danger-quiet" onClick={() => act('remove', of)}>
        Remove<span class="unseen"> {of.name}</span>
      </button>
    </span>
  )
}

function isMe(userId: string): boolean {
  return me.value?.user?.id === userId
}
