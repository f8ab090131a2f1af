import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../../app/api.ts'
import { instant } from '../../app/format.ts'
import { keyName } from '../../app/keys.ts'
import { Dialog } from '../../components/dialog.tsx'
import { Field, Form, Submit } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { Time } from '../../components/time.tsx'
import { useTyped } from '../../components/typed.tsx'

/** When no server process accepts a key any more, and how each confirmed it. */
export interface Receipt {
  readonly effectiveAt: string
  readonly replicas: readonly { id: string; acknowledgedAt: string | null }[]
}

/** Revokes a key once its name has been typed, and shows the receipt. */
export function RevokeDialog({ of, onClose, onDone }: { of: Key; onClose: () => void; onDone: () => void }) {
  const [receipt, setReceipt] = useState<Receipt | null>(null)
  const name = keyName(of)
  const { ready, field } = useTyped(name)
  if (receipt) {
    return (
      <Dialog title={`“${name}” is revoked`} onClose={onDone}>
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
    <Dialog title={`Revoke “${name}”?`} onClose={onClose}>
      <Notice kind="warn">
        Every request with <code>{of.prefix}…</code> gets 401 from that moment on. This can’t be undone.{' '}
        {of.lastUsedAt === null ? 'The key was never used.' : <LastUse of={of} at={of.lastUsedAt} />}
      </Notice>
      <Form onSubmit={revoke}>
        {field}
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
          <Submit kind="danger" disabled={!ready}>
            Revoke
          </Submit>
        </footer>
      </Form>
    </Dialog>
  )
}

function LastUse({ of, at }: { of: Key; at: string }) {
  return (
    <>
      It was last used <Time at={at} />
      {of.replacedBy === null
        ? ': rotate it instead if a program still needs it.'
        : '; the key that replaces it goes on working.'}
    </>
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
