import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../../app/api.ts'
import { Dialog } from '../../components/dialog.tsx'
import { Form, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { type Receipt, RevocationReceipt } from './revoke-dialog.tsx'

/** Finishes a rotation early, or takes it back; either ends a key, and shows the receipt. */
export function EndRotationDialog({
  of,
  act,
  callers,
  onClose,
  onDone,
}: {
  of: Key
  act: 'finish' | 'undo'
  /** How many have called with the old key of late. */
  callers: number
  onClose: () => void
  onDone: () => void
}) {
  const [receipt, setReceipt] = useState<Receipt | null>(null)
  const finish = act === 'finish'
  if (receipt) {
    return (
      <Dialog title={finish ? 'The old key has ended' : 'The new key has ended'} onClose={onDone}>
        <RevocationReceipt receipt={receipt} />
        <footer class="actions">
          <button type="button" class="primary" onClick={onDone}>
            Done
          </button>
        </footer>
      </Dialog>
    )
  }
  const end = async () => {
    const path = { params: { path: { id: of.id } } }
    const key = finish
      ? await ask(api.POST('/api/keys/{id}/rotation/finish', path))
      : await ask(api.POST('/api/keys/{id}/rotation/undo', path))
    setReceipt(key.receipt)
  }
  return (
    <Dialog title={finish ? 'Finish the rotation now?' : 'Undo the rotation?'} onClose={onClose}>
      {finish ? (
        <Notice kind={callers > 0 ? 'warn' : 'info'}>
          The old key <code>{of.prefix}…</code> gets 401 from now on.
          {callers > 0 &&
            ` ${callers === 1 ? 'One caller has' : `${callers} callers have`} used it in the last 10 minutes.`}
        </Notice>
      ) : (
        <Notice kind="warn">
          The new key gets 401 from now on, and the old key <code>{of.prefix}…</code> lives on. Programs that
          have the new key already fail.
        </Notice>
      )}
      <Form onSubmit={end}>
        <footer class="actions">
          <button type="button" onClick={onClose}>
            Not yet
          </button>
          <Submit kind={finish && callers === 0 ? 'primary' : 'danger'}>{finish ? 'Finish' : 'Undo'}</Submit>
        </footer>
      </Form>
    </Dialog>
  )
}
