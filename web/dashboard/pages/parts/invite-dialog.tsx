import { useState } from 'preact/hooks'
import { api, ask } from '../../app/api.ts'
import { useOnce } from '../../app/once.ts'
import { Snippet } from '../../components/copy.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Field, Form, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { InviteOptions } from './invite-options.tsx'

/** An invite as it is shown once, with its link. */
export interface ShownInvite {
  readonly url: string
  readonly token?: string
}

/** Invites one candidate, and shows the link once. */
export function InviteDialog({
  campaignId,
  candidate,
  onClose,
  onInvited,
}: {
  campaignId: string
  candidate?: { email: string; name: string }
  onClose: () => void
  onInvited: () => unknown
}) {
  const once = useOnce()
  const [sent, setSent] = useState<ShownInvite | null>(null)
  if (sent) return <InviteLinkDialog of={sent} onClose={onClose} />
  return (
    <Dialog title="Invite a candidate" onClose={onClose}>
      <Form
        onSubmit={async (values) => {
          const { 'candidate.name': name = '', 'candidate.email': email = '', expiresInHours, send } = values
          const body = {
            candidate: { name, email },
            sendEmail: send === '1',
            ...(expiresInHours ? { expiresInHours: Number(expiresInHours) } : {}),
          }
          const params = { path: { id: campaignId } }
          setSent(
            await once((headers) => ask(api.POST('/api/campaigns/{id}/invites', { params, headers, body }))),
          )
          void onInvited()
        }}
      >
        <Field name="candidate.name" label="Name" defaultValue={candidate?.name ?? ''} autocomplete="off" />
        <Field
          name="candidate.email"
          label="E-mail"
          type="email"
          defaultValue={candidate?.email ?? ''}
          autocomplete="off"
          help="Who is a candidate already is recognised by it."
        />
        <InviteOptions link="the link" />
        <DialogActions onCancel={onClose}>
          <Submit>Invite</Submit>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

/** The link of an invite, which is shown once. */
export function InviteLinkDialog({ of, onClose }: { of: ShownInvite; onClose: () => void }) {
  return (
    <Dialog title="The link of the invite" onClose={onClose} once={Boolean(of.token)}>
      {of.token ? (
        <>
          <Notice kind="warn" role="status">
            Hand this link to the candidate. It is shown this once, and opens one interview.
          </Notice>
          <Snippet text={of.url} of="the link" />
        </>
      ) : (
        <Notice kind="ok" role="status">
          The link is on its way by e-mail.
        </Notice>
      )}
      <footer class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  )
}
