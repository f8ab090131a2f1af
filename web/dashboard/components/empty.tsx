import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

/** Nothing here yet: what belongs here, and how to begin. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: IconName
  title: string
  children: ComponentChildren
  action?: ComponentChildren
}) {
  return (
    <section class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </section>
  )
}
