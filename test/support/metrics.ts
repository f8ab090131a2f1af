import type { Test } from 'tap'

/** A scrape: the values of a metric whose labels are these, or more. */
export interface Scrape {
  readonly text: string
  /** The sum of all series of the metric that have these labels; undefined where there is none. */
  value(name: string, labels?: Record<string, string>): number | undefined
}

/** Reads `/metrics` of a port of loopback over a socket. */
export async function scrape(t: Test, port: number | null | undefined): Promise<Scrape> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  t.equal(answer.status, 200, 'metrics answer')
  const text = await answer.text()
  return {
    text,
    value(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const found = text
        .split('\n')
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
      return found.length === 0 ? undefined : found.reduce((sum, value) => sum + value, 0)
    },
  }
}
