import { signal } from '@preact/signals'
import { Failure } from '../app/failure.ts'
import { Icon } from './icon.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: 'ok' | 'danger'
  readonly requestId: string | null
}

const LASTS_MS = 6000
const toasts = signal<readonly Toast[]>([])
let last = 0

/** Says in a corner what has happened; a fault stays until it is put away. */
export function toast(
  text: string,
  { kind = 'ok', requestId = null }: { kind?: Toast['kind']; requestId?: string | null } = {},
): void {
  last += 1
  const id = last
  toasts.value = [...toasts.value, { id, text, kind, requestId }]
  if (kind === 'ok') setTimeout(() => close(id), LASTS_MS)
}

/** Says what went wrong with something that has no better place for it. */
export function toastFailure(thrown: unknown): void {
  const { message, hint, requestId } = Failure.from(thrown)
  toast(hint ? `${message}. ${hint}` : message, { kind: 'danger', requestId })
}

function close(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** Where they appear; once on each page. */
export function Toasts() {
  return (
    <div class="toasts" aria-live="polite" role="status">
      {toasts.value.map(({ id, text, kind, requestId }) => (
        <div key={id} class={`toast ${kind}`}>
          <Icon name={kind === 'ok' ? 'check' : 'warning'} />
          <div>
            {text}
            {requestId && <small class="request-id">Request {requestId}</small>}
          </div>
          <button type="button" class="quiet icon-only" aria-label="Dismiss" onClick={() => close(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
