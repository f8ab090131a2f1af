import type { ComponentChildren } from 'preact'

/** A state in a word. */
export function Badge({
  kind,
  children,
}: {
  kind: 'ok' | 'warn' | 'danger' | 'plain' | 'info'
  children: ComponentChildren
}) {
  return <span class={`badge ${kind}`}>{children}</span>
}
