import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

const icons = { info: 'book', ok: 'check', warn: 'warning', danger: 'warning' } as const satisfies Record<
  string,
  IconName
>

/** Something to know, where it matters. */
export function Notice({
  kind = 'info',
  role,
  children,
}: {
  kind?: keyof typeof icons
  role?: 'alert' | 'status'
  children: ComponentChildren
}) {
  return (
    <div class={`notice ${kind}`} role={role} tabIndex={role === 'alert' ? -1 : undefined}>
      <Icon name={icons[kind]} />
      <div>{children}</div>
    </div>
  )
}
