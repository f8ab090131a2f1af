import type { LoadGenerator, LoadResult } from './load.ts'
import { shapeOf } from './shape.ts'
import { type Spread, spreadOf } from './stats.ts'

const CONNECTIONS = 32
const BYTES_TOLERANCE = 0.02

/** One of the two that are compared: an address and what to ask it with. */
export interface Candidate {
  readonly name: string
  readonly url: string
  readonly path: string
  /** One set of headers a connection, in turn. */
  readonly headers: readonly Readonly<Record<string, string>>[]
}

/** How long a duel lasts. */
export interface Pace {
  readonly rounds: number
  /** Seconds a candidate and round. */
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** What a duel found. */
export interface DuelResult {
  /** Requests a second of the first candidate by those of the second one, of each round. */
  readonly ratio: Spread
  /** Of each candidate, in the order given. */
  readonly perSecond: readonly [Spread, Spread]
  readonly p99Ms: readonly [Spread, Spread]
}

/**
 * Lets two candidates answer the same load in turn, AB BA AB …: what else the machine does hits both, and the ratio is
 * taken within a round. Both have to answer 200 with bodies of one shape, before, during and after.
 * @throws Error when an answer is of another status, shape or size
 */
export async function duel(
  generator: LoadGenerator,
  [first, second]: readonly [Candidate, Candidate],
  { rounds, seconds, warmUpSeconds }: Pace,
): Promise<DuelResult> {
  const load = (candidate: Candidate, duration: number) =>
    generator.run({
      url: candidate.url,
      paths: [candidate.path],
      headers: candidate.headers,
      connections: CONNECTIONS,
      until: { seconds: duration },
    })

  await sameShape(first, second)
  const sizes = new Map<Candidate, number>()
  for (const candidate of [first, second]) {
    sizes.set(candidate, (await load(candidate, warmUpSeconds)).bytesEach)
  }
  const results = new Map<Candidate, LoadResult[]>([
    [first, []],
    [second, []],
  ])
  for (let round = 0; round < rounds; round++) {
    for (const candidate of round % 2 === 0 ? [first, second] : [second, first]) {
      const result = await load(candidate, seconds)
      const expected = sizes.get(candidate) ?? 0
      if (Math.abs(result.bytesEach - expected) > expected * BYTES_TOLERANCE) {
        throw new Error(
          `${candidate.name}: ${result.bytesEach} bytes an answer, after ${expected} in the warm-up`,
        )
      }
      results.get(candidate)?.push(result)
    }
  }
  await sameShape(first, second)

  const [a, b] = [results.get(first) ?? [], results.get(second) ?? []]
  const rate = ({ requests, seconds }: LoadResult) => requests / seconds
  const spreads = (value: (result: LoadResult) => number) =>
    [spreadOf(a.map(value)), spreadOf(b.map(value))] as const
  return {
    ratio: spreadOf(a.map((result, round) => rate(result) / rate(b[round] ?? result))),
    perSecond: spreads(rate),
    p99Ms: spreads(({ p99Ms }) => p99Ms),
  }
}

/** Asks each candidate once with each set of headers. */
async function sameShape(first: Candidate, second: Candidate): Promise<void> {
  const shapes = await Promise.all([first, second].map(shapesOf))
  const [expected, ...others] = new Set(shapes.flat())
  if (others.length > 0) {
    throw new Error(
      `${first.name} and ${second.name} do not answer alike:\n  ${expected}\n  ${others.join('\n  ')}`,
    )
  }
}

async function shapesOf({ name, url, path, headers }: Candidate): Promise<string[]> {
  return Promise.all(
    headers.map(async (set) => {
      const response = await fetch(url + path, { headers: set })
      const text = await response.text()
      if (response.status !== 200)
        throw new Error(`${name} answered ${path} with ${response.status}: ${text}`)
      return shapeOf(JSON.parse(text))
    }),
  )
}
