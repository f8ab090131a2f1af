import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { focusFirstField, isUnderWay } from '../app/focus.ts'
import { EnvironmentMark } from '../components/environment.tsx'

/**
 * What stands around the pages of who is not logged in: the house, the environment, one thing to do. The focus begins in
 * the first field; where there is none, who follows a link is told by the title where they are.
 */
export function Entrance({
  title,
  lead,
  children,
}: {
  title: string
  lead?: ComponentChildren
  children: ComponentChildren
}) {
  const main = useRef<HTMLElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Anteroom`
    if (main.current && focusFirstField(main.current)) return
    if (isUnderWay()) heading.current?.focus()
  }, [title])
  return (
    <div class="entrance">
      <header>
        <strong class="house">Anteroom</strong>
        <EnvironmentMark />
      </header>
      <main ref={main}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p class="muted lead">{lead}</p>}
        {children}
      </main>
    </div>
  )
}
