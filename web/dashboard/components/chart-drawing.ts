import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

/** A line of a chart. */
export interface Series {
  readonly label: string
  readonly values: readonly number[]
  /** A custom property of the style sheet: `--accent`. */
  readonly color: string
}

const LONG_S = 3 * 86_400
const byDay = { day: 'numeric', month: 'short' } as const
const byHour = { hour: '2-digit', minute: '2-digit', hour12: false } as const

/** Draws, and again when the frame's width or the system's theme changes. Returns what ends it. */
export function draw(
  frame: HTMLElement,
  height: number,
  at: readonly number[],
  series: readonly Series[],
): () => void {
  let plot: uPlot | undefined
  const span = (at.at(-1) ?? 0) - (at[0] ?? 0)
  // Room for the first bar and the last.
  const half = ((at[1] ?? 0) - (at[0] ?? 0)) / 2
  const clock = new Intl.DateTimeFormat('en', span > LONG_S ? byDay : byHour)
  const make = () => {
    plot?.destroy()
    const style = getComputedStyle(frame)
    const axis = {
      stroke: style.color,
      grid: { stroke: resolve(frame, '--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    }
    const bars = uPlot.paths.bars?.({ size: [0.7, 24], radius: 0.2 })
    plot = new uPlot(
      {
        width: frame.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, points: { show: false } },
        padding: [8, 8, 0, 0],
        scales: {
          x: { range: (_plot, from, to) => [from - half, to + half] },
          y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            space: 70,
            values: (_plot, splits) => splits.map((second) => clock.format(second * 1000)),
          },
          {
            ...axis,
            size: 44,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 5e4, 1e5, 1e6],
          },
        ],
        series: [
          {},
          ...series.map(({ label, color }) => {
            const ink = resolve(frame, color)
            return {
              label,
              stroke: ink,
              fill: ink,
              width: 0,
              points: { show: false },
              ...(bars ? { paths: bars } : {}),
            }
          }),
        ],
      },
      [[...at], ...series.map(({ values }) => [...values])],
      frame,
    )
  }
  make()
  const resized = new ResizeObserver(() => plot?.setSize({ width: frame.clientWidth, height }))
  resized.observe(frame)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', make)
  return () => {
    resized.disconnect()
    dark.removeEventListener('change', make)
    plot?.destroy()
  }
}

// A canvas does not know custom properties: what one comes to here, as a colour.
function resolve(frame: HTMLElement, property: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${property})`
  frame.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
