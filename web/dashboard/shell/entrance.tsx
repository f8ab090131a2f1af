import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { environment } from '../app/session.ts'
import { EnvironmentMark } from '../components/environment.tsx'

/** What stands around the pages of who is not logged in: the house, the environment, one thing to do. */
export function Entrance({
  title,
  lead,
  children,
}: {
  title: string
  lead?: ComponentChildren
  children: ComponentChildren
}) {
  useEffect(() => {
    document.title = `${title} · Anteroom`
  }, [title])
  return (
    <div class="entrance">
      <header>
        <strong class="house">Anteroom</strong>
        <EnvironmentMark environment={environment.value} />
      </header>
      <main>
        <h1>{title}</h1>
        {lead && <p class="muted lead">{lead}</p>}
        {children}
      </main>
    </div>
  )
}
