import type { ComponentChildren } from 'preact'
import { Dialog, DialogActions } from './dialog.tsx'
import { Form, Submit, type Values } from './form.tsx'
import { useTyped } from './typed.tsx'

/** Asks before something that can't be undone, and shows what goes wrong. */
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
  const { ready, field } = useTyped(typed)
  return (
    <Dialog title={title} onClose={onClose}>
      <Form onSubmit={onConfirm}>
        {children}
        {field}
        <DialogActions onCancel={onClose}>
          <Submit kind={kind} disabled={!ready}>
            {action}
          </Submit>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
