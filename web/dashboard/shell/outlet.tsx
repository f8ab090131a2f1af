import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failure } from '../app/failure.ts'
import type { Page, PageProps } from '../app/page.ts'
import { FailureNotice } from '../components/form.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'

const loaded = new Map<Page, ComponentType<PageProps>>()

/** Loads a page's script where it is not there yet, and shows the page. */
export function PageOutlet({ page, params }: { page: Page; params: Record<string, string> }) {
  const [, drawAgain] = useState(0)
  const [failure, setFailure] = useState<Failure | null>(null)
  const Shown = loaded.get(page)
  useEffect(() => {
    if (Shown) return
    page.load().then(
      ({ default: component }) => {
        loaded.set(page, component)
        drawAgain((count) => count + 1)
      },
      (thrown: unknown) => setFailure(Failure.ofNetwork(thrown)),
    )
  }, [page])
  if (failure) return <FailureNotice failure={failure} retry={() => location.reload()} />
  return Shown ? <Shown params={params} /> : <SkeletonBlock />
}
