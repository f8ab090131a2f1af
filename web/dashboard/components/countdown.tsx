import { useEffect, useState } from 'preact/hooks'
import { duration } from '../app/format.ts'

const TICK_MS = 250

/** How long there is to wait, told anew each second. Screen readers hear it once. */
export function Countdown({ seconds }: { seconds: number }) {
  const [end] = useState(() => performance.now() + seconds * 1000)
  const [left, setLeft] = useState(seconds)
  useEffect(() => {
    const timer = setInterval(() => {
      const rest = Math.max(0, Math.ceil((end - performance.now()) / 1000))
      setLeft(rest)
      if (rest === 0) clearInterval(timer)
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [end])
  if (left === 0) return <span>You can try again now.</span>
  return (
    <>
      <span class="unseen">You can try again in {duration(seconds * 1000)}.</span>
      <span aria-hidden="true">You can try again in {duration(left * 1000)}.</span>
    </>
  )
}
