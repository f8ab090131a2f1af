import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { testApp } from '../support/app.ts'

const run = promisify(execFile)
const examples = new URL('./examples/', import.meta.url)

/** Debian's own Python first: one that a version manager put before it may lack the package. */
async function pythonWithRequests(): Promise<string | null> {
  for (const python of ['/usr/bin/python3', 'python3']) {
    const found = await run(python, ['-c', 'import requests']).then(
      () => true,
      () => false,
    )
    if (found) return python
  }
  return null
}

// The examples of the documentation that Anteroom answers, as they stand there; only the base URL, the key and the
// token are replaced, and a last line prints what the example holds in `data`.
t.test('the examples that integrators paste', async (t) => {
  const server = await testApp(t)
  const url = await server.listen()
  const tenant = await server.tenant()
  const made = await server.call('POST', '/api/campaigns', {
    headers: tenant.auth,
    body: { name: 'From the seeds' },
  })
  const dir = await mkdtemp(join(tmpdir(), 'anteroom-seeds-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const python = await pythonWithRequests()

  const runners: Record<string, { program: string | null; last: string }> = {
    sh: { program: 'bash', last: '' },
    mjs: { program: process.execPath, last: 'console.log(JSON.stringify(data))' },
    py: { program: python, last: 'import json\nprint(json.dumps(data))' },
  }
  for (const style of ['key', 'both']) {
    for (const [extension, { program, last }] of Object.entries(runners)) {
      const name = `${style}.${extension}`
      if (program === null && !process.env.CI) {
        t.pass(name, { skip: 'no Python with the package requests here' })
        continue
      }
      const text = await readFile(new URL(name, examples), 'utf8')
      const filled = text
        .replaceAll('https://api.interviewrelay.com', url)
        .replaceAll('YOUR_API_KEY', tenant.key)
        .replaceAll('YOUR_TOKEN', tenant.accessToken)
      await writeFile(join(dir, name), `${filled}${last}\n`)
      const { stdout } = await run(program ?? 'python3', [join(dir, name)], {
        env: { PATH: process.env.PATH, INTERVIEWRELAY_API_KEY: tenant.key },
      })
      t.match(JSON.parse(stdout), { campaigns: [{ id: made.body.id }], nextCursor: null }, name)
    }
  }
})
