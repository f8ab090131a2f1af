import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { busyWarning, describe, exitCodeOf, type Outcome } from '../../bench/report.ts'
import { whoami } from '../../bench/rows/whoami.ts'

// Two candidates, PostgreSQL and the load generator share the cores with the tests that run beside this one.
t.setTimeout(300_000)

const script = fileURLToPath(new URL('../../bench/run.ts', import.meta.url))

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 1, stdout, stderr })
    })
    t.teardown(() => void child.kill())
  })
}

t.test('help names the rows', async (t) => {
  const { code, stdout } = await bench('--help')
  t.equal(code, 0)
  for (const name of ['whoami', 'campaigns', 'peer', 'start', 'memory']) t.match(stdout, name)
})

t.test('an unknown row or pace is refused before anything starts', async (t) => {
  const unknown = await bench('whoareyou')
  t.equal(unknown.code, 2)
  t.match(unknown.stderr, 'No such row: whoareyou')
  t.equal((await bench('--rounds', 'none')).code, 2)
})

t.test('a failed row fails the bench, a missed target does so when asked to be strict', async (t) => {
  const value = { median: 0.4, low: 0.3, high: 12 }
  const finding = { value, unit: '×', holds: false, note: 'behind it', details: {} } as const
  const missed: Outcome = { row: whoami, finding }
  const failed: Outcome = { row: whoami, failure: 'an answer was missing' }
  t.equal(exitCodeOf([missed], false), 0)
  t.equal(exitCodeOf([missed], true), 1)
  t.equal(exitCodeOf([{ row: whoami, finding: { ...finding, holds: true } }], true), 0)
  t.equal(exitCodeOf([failed], false), 1)
  t.match(describe(missed), /^whoami +misses {2}0\.40 × \[0\.30–12\.0\] {2}target >= 0\.5\n/)
  t.match(describe(failed), /^whoami +FAILED\n.*\n +an answer was missing\n$/)
})

t.test('a busy machine is told of', async (t) => {
  t.equal(busyWarning(0.4, 2), null)
  t.match(busyWarning(11.2, 2), 'load average 11.2 on 2 cores')
})

const quick = ['--rounds', '1', '--seconds', '0.5', '--warm-up', '0.5']

t.test('the ratio rows run against the real server and say what they found', async (t) => {
  const { code, stdout, stderr } = await bench('whoami', 'campaigns', ...quick, '--json')
  t.match(stderr, /^(The machine is busy .*\n)?$/)
  t.equal(code, 0)
  const { rows } = JSON.parse(stdout) as {
    rows: { name: string; failure?: string; finding?: { unit: string } }[]
  }
  t.same(
    rows.map(({ name, failure, finding }) => [name, failure, finding?.unit]),
    [
      ['whoami', undefined, '×'],
      ['campaigns', undefined, '×'],
    ],
  )
})
