import { spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'

/** A small house outside the repository, under the repository's own rules. */
function house(t: Test, files: Record<string, string>): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'anteroom-gates-')))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['.dependency-cruiser.mjs', 'biome.json', 'tsconfig.json'])
    cpSync(name, path.join(root, name))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  return root
}

const installed = Object.fromEntries(
  ['fastify', 'postgres', 'left-behind', 'only-in-tests'].flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, 'module.exports = 1\n'],
  ]),
)

/** What the test reads of dependency-cruiser's JSON report. */
interface Summary {
  ruleSetUsed: { forbidden: { name: string }[] }
  violations: { rule: { name: string }; from: string; to: string }[]
}

t.test('dependency-cruiser holds the layers', async (t) => {
  const root = house(t, {
    ...installed,
    'package.json': JSON.stringify({
      type: 'module',
      dependencies: { fastify: '1', postgres: '1' },
      devDependencies: { 'only-in-tests': '1' },
    }),
    'credentials/format.ts': 'import "fastify"\nimport "../config/config.ts"\n',
    'schemas/ids.ts': 'import "../db/connect.ts"\n',
    'config/config.ts': 'import "../operations/keys.ts"\n',
    'db/connect.ts':
      'import "postgres"\nimport type { Keys } from "../operations/keys.ts"\nexport type A = Keys\n',
    'operations/keys.ts': 'import "../plugins/access.ts"\nexport type Keys = string\n',
    'lifecycle/ending.ts': 'import "../jobs/worker.ts"\n',
    'jobs/worker.ts': 'import "../routes/keys.ts"\n',
    'plugins/access.ts': 'import "../routes/keys.ts"\nimport "only-in-tests"\n',
    'routes/keys.ts': 'import "../app.ts"\nimport "postgres"\nimport "left-behind"\n',
    'routes/forgotten.ts': 'export const forgotten = true\n',
    'app.ts': 'import "./server.ts"\nimport "./operations/gone.ts"\n',
    'server.ts': 'import "./bin/anteroom.ts"\n',
    'bin/anteroom.ts': 'import "../routes/keys.ts"\n',
  })
  const { stdout } = spawnSync(
    process.execPath,
    [path.resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--output-type', 'json', '.'],
    { cwd: root, encoding: 'utf8' },
  )
  const { ruleSetUsed, violations }: Summary = JSON.parse(stdout).summary
  const broken = new Set(violations.map(({ rule }) => rule.name))
  for (const { name } of ruleSetUsed.forbidden) t.ok(broken.has(name), `${name} is noticed when it is broken`)
  t.match(
    violations.filter(({ rule }) => rule.name === 'layer-db').map(({ from, to }) => `${from} -> ${to}`),
    ['db/connect.ts -> operations/keys.ts'],
    'an import of types alone counts as well',
  )
})

t.test('biome holds the house rules', async (t) => {
  const planted = {
    'style/noProcessEnv': 'export const home = process.env.HOME\n',
    'suspicious/noExplicitAny': 'export const x: any = 1\n',
    'suspicious/noConsole': 'console.log(1)\n',
    'performance/noBarrelFile': "export { a } from './a.ts'\n",
    'style/noEnum': 'export enum E {\n  A,\n}\n',
    'style/noExcessiveLinesPerFile': 'export const x = [\n'.concat('  1,\n'.repeat(300), ']\n'),
    'nursery/noFloatingPromises': 'async function f() {}\nf()\n',
    'correctness/noUnusedVariables': 'const x = 1\n',
    'correctness/useImportExtensions': "import { a } from './a'\n\nexport const b = a\n",
    'suspicious/noTsIgnore': '// @ts-ignore\nexport const x: string = 1\n',
  }
  const fileOf = (rule: string) => `operations/${path.basename(rule)}.ts`
  const root = house(t, {
    '.gitignore': 'node_modules\n',
    'package.json': '{}',
    'operations/a.ts': 'export const a = 1\n',
    'config/environment.ts': 'export const home = process.env.HOME\n',
    ...Object.fromEntries(Object.entries(planted).map(([rule, content]) => [fileOf(rule), content])),
  })
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      path.resolve('node_modules/@biomejs/biome/bin/biome'),
      'lint',
      '--reporter=github',
      '--max-diagnostics=none',
      '.',
    ],
    { cwd: root, encoding: 'utf8' },
  )
  t.not(status, 0)
  const reports = stdout.split('\n')
  for (const rule of Object.keys(planted))
    t.ok(
      reports.some(
        (line) => line.includes(`lint/${rule},`) && line.includes(`file=${path.join(root, fileOf(rule))},`),
      ),
      `${rule} is noticed when it is broken`,
    )
  t.notOk(
    reports.some((line) => line.includes('config/environment.ts')),
    'config/ may read the environment',
  )
})

t.test('no program compares the sentence of an error: it switches on its code or its reason', async (t) => {
  const comparison =
    /\bmessage\b\)?\s*[!=]==?\s*['"`/]|\bmessage\??\.(startsWith|endsWith|includes|match|search)\(|\/[a-z]*\.(test|exec)\([^)]*\bmessage\b/
  t.match("error.message === 'Second factor required'", comparison)
  t.match('if (/gone/i.test(failure.message))', comparison)
  t.match("message?.endsWith('of its members')", comparison)
  const sources = globSync(
    '{web,bin,config,credentials,db,jobs,plugins,routes,schemas,operations}/**/*.{ts,tsx,js}',
    {
      exclude: ['web/dist/**'],
    },
  )
  t.ok(sources.length > 300, `${sources.length} files are read`)
  const found = sources.filter((file) => comparison.test(readFileSync(file, 'utf8')))
  t.same(found, [])
})
