import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { isUnderWay } from '../app/focus.ts'

/** Of the page's title, for what is labelled by it. */
export const TITLE_ID = 'title'

/** A page's head: its title, for the tab as well, what it is about, and what can be done here. */
export function PageHead({
  title,
  lead,
  actions,
  back,
}: {
  title: string
  lead?: ComponentChildren
  actions?: ComponentChildren
  back?: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Anteroom`
  }, [title])
  // Who follows a link without seeing is told where they are now; on the first page Tab begins at the skip link.
  useEffect(() => {
    if (isUnderWay()) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <header class="page-head">
      <div>
        {back && <p class="back">{back}</p>}
        <h1 ref={heading} tabIndex={-1} id={TITLE_ID}>
          {title}
        </h1>
        {lead && <p class="muted">{lead}</p>}
      </div>
      {actions && <div class="actions">{actions}</div>}
    </header>
  )
}
