import { useEffect, useRef } from 'preact/hooks'
import { theme } from '../app/theme.ts'
import type { Series } from './chart-drawing.ts'

const HEIGHT = 180

/** Figures over time as bars. What draws it is loaded when the first chart comes into sight. */
export function Chart({
  label,
  at,
  series,
}: {
  label: string
  at: readonly number[]
  series: readonly Series[]
}) {
  const frame = useRef<HTMLDivElement>(null)
  const scheme = theme.value
  useEffect(() => {
    let over = false
    let end = () => {}
    void import('./chart-drawing.ts').then(({ draw }) => {
      if (!over && frame.current) end = draw(frame.current, HEIGHT, at, series)
    })
    return () => {
      over = true
      end()
    }
  }, [at, series, scheme])
  const total = series
    .map((one) => `${one.label}: ${one.values.reduce((sum, value) => sum + value, 0)}`)
    .join(', ')
  return (
    <figure class="chart">
      <div ref={frame} role="img" aria-label={`${label}. ${total}`} />
      <figcaption>
        {series.map((one) => (
          <span key={one.label} class="legend">
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" rx="2" style={{ fill: `var(${one.color})` }} />
            </svg>
            {one.label}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}
