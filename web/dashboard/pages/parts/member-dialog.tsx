import { type AnswerTo, api, ask } from '../../app/api.ts'
import { at } from '../../app/router.ts'
import { me } from '../../app/session.ts'
import { Confirm } from '../../components/confirm.tsx'
import { SelectField } from '../../components/form.tsx'
import { toast } from '../../components/toast.tsx'
import { type Role, rolesToGive } from './roles.ts'

/** A member of the organization. */
export type Member = AnswerTo<'/api/members'>['members'][number]

/** What can be done to a member. */
export type MemberAct = 'role' | 'sessions' | 'remove' | 'leave'

/** Asks before a member is changed. */
export function MemberDialog({
  act,
  member,
  onClose,
  onDone,
}: {
  act: MemberAct
  member: Member
  onClose: () => void
  onDone: () => void
}) {
  const { userId, name } = member
  const path = { userId }
  const done = (text: string) => {
    toast(text)
    onDone()
  }
  if (act === 'role') {
    return (
      <Confirm
        title={`Role of ${name}`}
        action="Change role"
        kind="primary"
        onClose={onClose}
        onConfirm={async ({ role }) => {
          await ask(api.PATCH('/api/members/{userId}', { params: { path }, body: { role: role as Role } }))
          done(`${name} is ${role} now`)
        }}
      >
        <SelectField name="role" label="Role" options={rolesToGive()} initial={member.role} />
        <p class="muted">It counts from their next request on; keys that they made keep their scopes.</p>
      </Confirm>
    )
  }
  if (act === 'sessions') {
    return (
      <Confirm
        title={`End the sessions of ${name}?`}
        action="End sessions"
        onClose={onClose}
        onConfirm={async () => {
          await ask(api.POST('/api/members/end-sessions', { body: { userId } }))
          done(`${name} has to log in again`)
        }}
      >
        <p>
          They are logged out of this organization everywhere, at once, and can log in again. Keys go on
          working.
        </p>
      </Confirm>
    )
  }
  const leaves = act === 'leave'
  return (
    <Confirm
      title={leaves ? `Leave ${me.value?.organization.name}?` : `Remove ${name}?`}
      action={leaves ? 'Leave' : 'Remove'}
      onClose={onClose}
      onConfirm={async () => {
        await ask(api.DELETE('/api/members/{userId}', { params: { path } }))
        if (leaves) location.assign(at('/'))
        else done(`${name} is removed`)
      }}
    >
      <p>
        {leaves ? 'Your' : 'Their'} sessions here end at once. Keys that {leaves ? 'you' : 'they'} made stay,
        are marked, and the owners are told.
      </p>
    </Confirm>
  )
}
