const number = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

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

/** `3 hours ago`, `in 2 days`; a date where that is more than a month away. */
export function ago(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000
  if (Math.abs(seconds) > 30 * 86_400) return day(at)
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit)
  }
  return seconds > -45 && seconds <= 0 ? 'just now' : relative.format(Math.round(seconds), 'second')
}

/** `1 d 4 h`, `3 h 12 min`, `4 min 10 s`, of milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const parts: [string, number][] = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ]
  const first = parts.findIndex(([, value]) => value > 0)
  return parts
    .slice(first === -1 ? 3 : first)
    .slice(0, 2)
    .map(([unit, value]) => `${value} ${unit}`)
    .join(' ')
}

/** Days since an instant, whole ones. */
export function ageInDays(at: string, now = Date.now()): number {
  return Math.floor((now - Date.parse(at)) / 86_400_000)
}
