import { useState } from 'preact/hooks'
import { api, ask } from '../../app/api.ts'
import { at } from '../../app/router.ts'
import { Snippet } from '../../components/copy.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Field, Form, SelectField, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { type Role, rolesToGive } from './roles.ts'

/** What an invitation was answered with. */
export interface Sent {
  readonly email: string
  readonly token?: string
}

/** Invites somebody; in a sandbox without mail, the link is shown once. */
export function InviteMemberDialog({ onClose, onInvited }: { onClose: () => void; onInvited: () => void }) {
  const [sent, setSent] = useState<Sent | null>(null)
  if (sent) return <SentDialog sent={sent} onClose={onClose} />
  return (
    <Dialog title="Invite a member" onClose={onClose}>
      <Form
        onSubmit={async ({ email = '', role }) => {
          setSent(await ask(api.POST('/api/members/invitations', { body: { email, role: role as Role } })))
          onInvited()
        }}
      >
        <Field name="email" label="E-mail" type="email" autocomplete="off" />
        <SelectField name="role" label="Role" options={rolesToGive()} initial="member" />
        <DialogActions onCancel={onClose}>
          <Submit>Invite</Submit>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

/** Says that an invitation is on its way, with its link where no mail takes it there. */
export function SentDialog({ sent, onClose }: { sent: Sent; onClose: () => void }) {
  return (
    <Dialog title="Invited" onClose={onClose} once={Boolean(sent.token)}>
      <Notice kind="ok" role="status">
        {sent.token
          ? `No mail server is set up in this sandbox: hand the link to ${sent.email} yourself. It is shown this once.`
          : `An e-mail with a link is on its way to ${sent.email}.`}
      </Notice>
      {sent.token && (
        <Snippet text={`${location.origin}${at('/accept')}#token=${sent.token}`} of="the link" />
      )}
      <footer class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  )
}
