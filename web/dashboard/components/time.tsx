import { signal } from '@preact/signals'
import { ago, instant } from '../app/format.ts'

const now = signal(Date.now())
setInterval(() => {
  now.value = Date.now()
}, 15_000)

/** A time as people say it; to the second when pointed at. */
export function Time({ at, never = 'Never' }: { at: string | null; never?: string }) {
  if (at === null) return <span class="muted">{never}</span>
  return (
    <time dateTime={at} title={instant(at)}>
      {ago(at, Math.max(now.value, Date.now()))}
    </time>
  )
}
