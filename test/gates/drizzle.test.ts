import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

t.test(
  'the newest snapshot of db/migrations/meta is the schema: drizzle-kit finds no difference',
  async (t) => {
    mkdirSync('.data', { recursive: true })
    const out = mkdtempSync('.data/drizzle-')
    t.teardown(() => rmSync(out, { recursive: true }))
    cpSync('db/migrations/meta', path.join(out, 'meta'), { recursive: true })
    const { status, stdout, stderr } = spawnSync(
      'node_modules/.bin/drizzle-kit',
      ['generate', '--dialect', 'postgresql', '--schema', './db/schema/*.ts', '--out', out],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 },
    )
    t.equal(status, 0, stderr)
    t.match(stdout, /No schema changes/, 'else run `npx drizzle-kit generate` and write the SQL by hand')
    t.same(globSync('*.sql', { cwd: out }), [])
  },
)
