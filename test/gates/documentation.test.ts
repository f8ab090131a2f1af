import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import t from 'tap'
import { readConfig } from '../../config/config.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const namesIn = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].flatMap(([, name]) => name ?? []).sort()

/** The variables that the configuration knows: the keys of its schema. */
const variables = namesIn(read('config/config.ts'), /^ {2}([A-Z][A-Z_]+): /gm)

t.test('.env.example names every variable, with values that the server takes', async (t) => {
  const example = read('.env.example').replaceAll(/^#(?=[A-Z_]+=)/gm, '')
  const values = parseEnv(example)
  t.same(
    Object.keys(values)
      .filter((name) => !name.endsWith('_FILE'))
      .sort(),
    variables,
  )

  const asItStands = parseEnv(read('.env.example')) as Record<string, string>
  t.same(readConfig(asItStands), readConfig({}), 'what is not commented out is the default')
  const { DATABASE_URL_FILE: _, ...everything } = values as Record<string, string>
  t.ok(readConfig(everything), 'what is commented out is valid too')
})

t.test('the README has every variable', async (t) => {
  const [, table = ''] = read('README.md').split(/^## Configuration$/m)
  const rows =
    table
      .split(/^## /m)[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| `')) ?? []
  t.same(namesIn(rows.map((row) => row.split('|')[1]).join(' '), /`([A-Z_]+)`/g), variables)
})

for (const page of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'])
  t.test(`${page} links to what is there`, async (t) => {
    for (const target of namesIn(read(page), /\]\(([^)#]+)[^)]*\)/g))
      if (!target.includes('://')) t.ok(existsSync(target), target)
    for (const script of namesIn(read(page), /npm run ([\w:]+)/g))
      t.ok(script in JSON.parse(read('package.json')).scripts, `npm run ${script}`)
  })
