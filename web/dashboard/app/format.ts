const number = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })

// Every length of time that is shown goes through these: two texts about one instant can't disagree.
const units = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const

export function count(value: number): string {
  return value < 100_000 ? number.format(value) : compact.format(value)
}

export function day(at: string | number): string {
  return date.format(new Date(at))
}

/** To the second, in the reader's own time. */
export function instant(at: string | number): string {
  return exact.format(new Date(at))
}

/** `3 h ago`, `in 2 days`, in whole units that have passed or are left; a date where that is more than a month away. */
export function ago(at: string, now = Date.now()): string {
  const seconds = Math.trunc((Date.parse(at) - now) / 1000)
  if (Math.abs(seconds) > 30 * 86_400) return day(at)
  if (seconds > -45 && seconds <= 0) return 'just now'
  const length = parts(Math.abs(seconds))[0]
  return seconds > 0 ? `in ${length}` : `${length} ago`
}

/** `1 day 4 h`, `3 h 12 min`, `4 min 10 s`, of milliseconds: whole units, nothing is rounded up. */
export function duration(ms: number): string {
  return parts(Math.max(0, Math.floor(ms / 1000))).join(' ')
}

/** The largest unit that is not 0 and, unless it is 0, the next one. */
function parts(seconds: number): string[] {
  const first = units.findIndex(([, length]) => seconds >= length)
  if (first === -1) return ['0 s']
  const texts: string[] = []
  let rest = seconds
  for (const [unit, length] of units.slice(first, first + 2)) {
    const value = Math.floor(rest / length)
    rest -= value * length
    if (value > 0) texts.push(`${value} ${unit === 'day' && value > 1 ? 'days' : unit}`)
  }
  return texts
}

/** Days since an instant, whole ones. */
export function ageInDays(at: string, now = Date.now()): number {
  return Math.floor((now - Date.parse(at)) / 86_400_000)
}
