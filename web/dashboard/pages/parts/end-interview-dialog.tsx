import { api, ask } from '../../app/api.ts'
import { Dialog } from '../../components/dialog.tsx'
import { Form, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import type { Invite } from './extend-dialog.tsx'

/** Asks before an invite is cancelled whose interview is under way: the candidate may be in it. */
export function EndInterviewDialog({
  of,
  name,
  onClose,
  onDone,
}: {
  of: Invite
  /** The candidate's. */
  name: string
  onClose: () => void
  onDone: () => void
}) {
  const end = async () => {
    await ask(api.POST('/api/invites/{id}/cancel', { params: { path: { id: of.id } } }))
    onDone()
  }
  return (
    <Dialog title={`End the interview of ${name}?`} onClose={onClose}>
      <Notice kind="warn">
        The interview has started. It ends now, and {name} cannot answer any more. The answers so far are
        kept.
      </Notice>
      <Form onSubmit={end}>
        <footer class="actions">
          <button type="button" onClick={onClose}>
            Not yet
          </button>
          <Submit kind="danger">End the interview</Submit>
        </footer>
      </Form>
    </Dialog>
  )
}
