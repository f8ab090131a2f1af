import { useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isHere } from '../app/navigation.ts'
import { findPage, home } from '../app/pages.ts'
import { go, path } from '../app/router.ts'
import { me, showLogin } from '../app/session.ts'
import { secondFactorMissing, sessionEnded } from '../app/session-state.ts'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { Toasts } from '../components/toast.tsx'
import { Frame } from './frame.tsx'
import { LeaveDialog } from './leave-dialog.tsx'
import { PageOutlet } from './outlet.tsx'
import { Palette } from './palette.tsx'
import { Shortcuts } from './shortcuts.tsx'

/** The dashboard: the page of the address, within the frame where someone is logged in. */
export function App() {
  useSignalEffect(() => {
    if (path.value === '/') go(home, { replace: true })
    else if (sessionEnded.value) showLogin()
    else if (secondFactorMissing.value && path.value !== '/account/security') {
      go('/account/security', { replace: true })
    }
  })
  const named = findPage(path.value)
  const found = named && isHere(named.page) ? named : null
  const open = found?.page.open === true
  const who = me.value
  useEffect(() => {
    if (!open && who === null) showLogin()
  }, [open, who])

  if (open && found) {
    return (
      <>
        <PageOutlet key={found.page.path} {...found} />
        <Toasts />
      </>
    )
  }
  if (!who) return <SkeletonBlock lines={6} />
  return (
    <>
      <Frame who={who}>{found ? <PageOutlet key={path.value} {...found} /> : <NothingHere />}</Frame>
      <Palette />
      <Shortcuts />
      <LeaveDialog />
      <Toasts />
    </>
  )
}

function NothingHere() {
  return (
    <PageHead
      title="Nothing here"
      lead="This address leads nowhere. Ctrl-K finds what you are looking for."
    />
  )
}
