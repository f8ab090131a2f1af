import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../../app/api.ts'
import { instant } from '../../app/format.ts'
import { Dialog } from '../../components/dialog.tsx'
import { Field, Form, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { Time } from '../../components/time.tsx'

/** When no server process accepts a key any more, and how each confirmed it. */
export interface Receipt {
  readonly effectiveAt: string
  readonly replicas: readonly { id: string; acknowledgedAt: string | null }[]
}

/** Revokes a key once its name has been typed, and shows the receipt. */
export function RevokeDialog({ of, onClose, onDone }: { of: Key; onClose: () => void; onDone: () => void }) {
  const [typed, setTyped] = useState('')
  const [receipt, setReceipt] = useState<Receipt | null>(null)
  if (receipt) {
    return (
      <Dialog title={`“${of.name}” is revoked`} onClose={onDone}>
        <RevocationReceipt receipt={receipt} />
        <footer class="actions">
          <button type="button" class="primary" onClick={onDone}>
            Done
          </button>
        </footer>
      </Dialog>
    )
  }
  const revoke = async ({ reason }: Record<string, string>) => {
    const revoked = await ask(
      api.DELETE('/api/keys/{id}', { params: { path: { id: of.id } }, body: reason ? { reason } : {} }),
    )
    setReceipt(revoked.receipt)
  }
  return (
    <Dialog title={`Revoke “${of.name}”?`} onClose={onClose}>
      <Notice kind="warn">
        Every request with <code>{of.prefix}…</code> gets 401 from that moment on. This can’t be undone.{' '}
        {of.lastUsedAt === null ? (
          'The key was never used.'
        ) : (
          <>
            It was last used <Time at={of.lastUsedAt} />: rotate it instead if a program still needs it.
          </>
        )}
      </Notice>
      <Form onSubmit={revoke}>
        <Field
          name="confirmation"
          label={`Type ${of.name} to confirm`}
          autocomplete="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <Field
          name="reason"
          label="Reason"
          optional
          help="Kept in the audit trail."
          autocomplete="off"
          maxLength={500}
        />
        <footer class="actions">
          <button type="button" onClick={onClose}>
            Keep it
          </button>
          {typed.trim() === of.name ? (
            <Submit kind="danger">Revoke</Submit>
          ) : (
            <button type="button" class="danger" disabled>
              Revoke
            </button>
          )}
        </footer>
      </Form>
    </Dialog>
  )
}

/** The proof that no server process accepts the key any more. */
export function RevocationReceipt({ receipt }: { receipt: Receipt }) {
  return (
    <div class="stack">
      <Notice kind="ok" role="status">
        In force since <strong>{instant(receipt.effectiveAt)}</strong>: every server process has confirmed
        that it refuses the key.
      </Notice>
      <dl class="receipt">
        {receipt.replicas.map(({ id, acknowledgedAt }) => (
          <div key={id}>
            <dt class="mono">{id}</dt>
            <dd>
              {acknowledgedAt === null
                ? 'its right to answer had lapsed'
                : `confirmed ${instant(acknowledgedAt)}`}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
