import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { focusFirstField } from '../app/focus.ts'
import { Icon } from './icon.tsx'

/**
 * A dialog over the page. The focus begins in the first field; where there is none, on the title, so that no key that
 * someone is just typing presses a button. Whenever the focused part is replaced, the focus begins anew.
 * Escape, and a click beside the dialog, close it.
 */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
  once = false,
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
  wide?: boolean
  /** It shows something that is not shown again: only its button closes it, no slip does. */
  once?: boolean
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const id = useId()
  const gone = useRef(false)
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    heading.current?.focus()
    return () => {
      gone.current = true
      // The browser gives the focus back to what had it; it can't while the page behind is out of reach.
      element?.close()
    }
  }, [])
  useLayoutEffect(() => {
    const focused = document.activeElement
    if (focused !== heading.current && dialog.current?.contains(focused)) return
    if (dialog.current && !focusFirstField(dialog.current)) heading.current?.focus()
  })
  return (
    <dialog
      ref={dialog}
      class={wide ? 'wide' : ''}
      aria-labelledby={id}
      closedby={once ? 'none' : 'closerequest'}
      onKeyDown={(event) => once && event.key === 'Escape' && event.preventDefault()}
      onCancel={(event) => {
        // A file chooser that is left without a choice says the same, from its field.
        if (event.target !== dialog.current) return
        event.preventDefault()
        if (!once) onClose()
      }}
      onClose={() => !gone.current && onClose()}
      onMouseDown={(event) => !once && event.target === dialog.current && onClose()}
    >
      <div class="dialog-body">
        <header>
          <h2 id={id} ref={heading} tabIndex={-1}>
            {title}
          </h2>
          {!once && (
            <button type="button" class="quiet icon-only" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  )
}
/** The end of a dialog: a way out, and what it is there for. */
export function DialogActions({ onCancel, children }: { onCancel: () => void; children: ComponentChildren }) {
  return (
    <footer class="actions">
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      {children}
    </footer>
  )
}
