import { execFile } from 'node:child_process'
import { text } from 'node:stream/consumers'
import t from 'tap'
import Reporter from '../support/reporter.ts'

t.test(
  'the report of a property that does not hold has its seed, its path and its counterexample',
  async (t) => {
    const file = new URL('../support/failing-property.ts', import.meta.url)
    const tap = await new Promise<string>((resolve) => {
      execFile(process.execPath, [file.pathname], { env: { PATH: process.env.PATH } }, (_, stdout) =>
        resolve(stdout),
      )
    })
    const reporter = new Reporter()
    reporter.end(tap)
    const report = await text(reporter)
    for (const [name, counterexample] of [
      ['a property', '[100]'],
      ['a property that throws', '["#"]'],
      ['a property within an assertion', '[100]'],
    ] as const) {
      const about = report.split(/^not ok /m).find((part) => part.startsWith(`${name} > `)) ?? ''
      t.match(about, `Counterexample: ${counterexample}`, name)
      t.match(about, /seed: 42, path: "/, name)
    }
    t.match(report, /0 passed, 3 failed/)
  },
)
