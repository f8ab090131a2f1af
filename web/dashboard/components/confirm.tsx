import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogActions } from './dialog.tsx'
import { Field, Form, Submit, type Values } from './form.tsx'

/** Asks before something that can't be taken back; what goes wrong is shown in it. */
export function Confirm({
  title,
  action,
  typed,
  kind = 'danger',
  onConfirm,
  onClose,
  children,
}: {
  title: string
  /** What the button says. */
  action: string
  /** What has to be typed first, where a slip would cost much. */
  typed?: string
  kind?: 'danger' | 'primary'
  onConfirm: (values: Values) => Promise<unknown>
  onClose: () => void
  children?: ComponentChildren
}) {
  const [text, setText] = useState('')
  const ready = typed === undefined || text.trim() === typed
  return (
    <Dialog title={title} onClose={onClose}>
      <Form onSubmit={onConfirm}>
        {children}
        {typed !== undefined && (
          <Field
            name="confirmation"
            label={`Type ${typed} to confirm`}
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
        <DialogActions onCancel={onClose}>
          {ready ? (
            <Submit kind={kind}>{action}</Submit>
          ) : (
            <button type="button" class={kind} disabled>
              {action}
            </button>
          )}
        </DialogActions>
      </Form>
    </Dialog>
  )
}
