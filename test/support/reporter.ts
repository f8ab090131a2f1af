import { Transform } from 'node:stream'
import { Parser, type Result } from 'tap-parser'

/** A failed assertion's full name and, indented under it, what tap knows about it. */
function describeFailure(result: Result): string {
  const { source, ...diagnostics } = (result.diag ?? {}) as Record<string, unknown>
  const details = Object.entries({ ...diagnostics, source })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value)
      return text.includes('\n') ? `${key}:\n${text}` : `${key}: ${text}`
    })
  return [result.fullname || result.name, ...details].join('\n').replaceAll('\n', '\n    ')
}

/**
 * The suite's own reporter, named in package.json: one line a test file, every failure in full, the reason of each
 * skip, and at the end the counts of assertions on a line of their own (`12 passed, 0 failed, 1 skipped`).
 * tap's own reporters redraw the screen, which fills the log of a CI run; `tap --reporter=base` still gives them.
 */
export default class Reporter extends Transform {
  readonly #parser = new Parser()
  readonly #counts = { passed: 0, failed: 0, skipped: 0 }

  constructor() {
    super()
    // the parser tells these four for assertions of any depth, leaving out the lines that only close a subtest
    this.#parser.on('pass', () => {
      this.#counts.passed += 1
    })
    this.#parser.on('fail', (result: Result) => {
      this.#counts.failed += 1
      this.#print(`not ok ${describeFailure(result)}`)
    })
    for (const kind of ['skip', 'todo'] as const)
      this.#parser.on(kind, (result: Result) => {
        this.#counts.skipped += 1
        this.#print(`${kind}   ${result.fullname}: ${result[kind]}`)
      })
    this.#parser.on('assert', (file: Result) => {
      const seconds = file.time === null ? '' : ` (${(file.time / 1000).toFixed(1)} s)`
      const signal = file.diag?.signal ? `, ended by ${file.diag.signal}` : ''
      this.#print(`${file.ok ? 'ok    ' : 'FAILED'} ${file.name}${seconds}${signal}`)
    })
    this.#parser.on('bailout', (reason: string) => this.#print(`Bail out! ${reason}`))
  }

  #print(line: string): void {
    this.push(`${line}\n`)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#parser.write(chunk)
    done()
  }

  override _flush(done: () => void): void {
    this.#parser.end()
    const { passed, skipped } = this.#counts
    // a file that died without a failed assertion is one all the same
    const failed = this.#counts.failed || (this.#parser.ok ? 0 : 1)
    this.#print(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
    done()
  }
}
