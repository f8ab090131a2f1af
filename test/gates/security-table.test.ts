import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const page = readFileSync('docs/security.md', 'utf8')
const rows = page.split('\n').filter((line) => /^\| \d\.\d/.test(line))

/** How many requirements of levels 1 and 2 each section of OWASP ASVS 5.0 has; 7.5.3 and 6.3.5 and up are of level 3. */
const sections: Record<string, number> = {
  '6.1': 3,
  '6.2': 12,
  '6.3': 4,
  '6.4': 4,
  '6.5': 5,
  '6.6': 3,
  '7.1': 3,
  '7.2': 4,
  '7.3': 2,
  '7.4': 5,
  '7.5': 2,
  '7.6': 2,
}

t.test('every requirement of level 2 has its row, and every row says whether it holds', (t) => {
  const expected = Object.entries(sections).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
  )
  const numbers = rows.map((row) => row.split('|')[1]?.trim() ?? '')
  t.same(
    numbers.filter((number) => number !== '6.8.1 – 6.8.4'),
    expected,
  )
  for (const row of rows) t.match(row.split('|')[3], /holds|does not apply|relaxed/, row.slice(0, 40))
  t.end()
})

t.test('every test that the page names is there', (t) => {
  for (const [, file = '', names = ''] of page.matchAll(/`([a-z]+\/[a-z-]+)`(?:: ([^`|)]*))?/g)) {
    const path = `test/${file}.test.ts`
    if (!existsSync(path)) {
      t.fail(`${path} is not there`)
      continue
    }
    const source = readFileSync(path, 'utf8')
    for (const name of names.split(';').map((text) => text.trim().replace(/[,.]$/, ''))) {
      t.ok(source.includes(name), `${file}: ${name}`)
    }
  }
  t.end()
})

t.test('every anchor of the page leads somewhere', (t) => {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, anchor = ''] of page.matchAll(/\]\(#([^)]+)\)/g)) t.ok(headings.includes(anchor), anchor)
  t.end()
})
