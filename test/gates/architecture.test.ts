import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const page = readFileSync('docs/architecture.md', 'utf8')
  .replace('`file.ts#name`', '')
  .replace('`file.ts#Class.method`', '')
const quoted = [...page.matchAll(/`([^`\s]+)`/g)].flatMap(([, text]) => text ?? [])

t.test('docs/architecture.md names files and folders that exist', async (t) => {
  const files = quoted
    .filter((text) => /\/$|\.ts(#|$)/.test(text))
    .map((text) => text.split('#')[0] as string)
  t.ok(files.length > 40)
  for (const file of new Set(files)) t.ok(existsSync(file), file)
})

t.test('docs/architecture.md names exports and methods that exist', async (t) => {
  for (const text of quoted.filter((each) => each.includes('.ts#'))) {
    const [file, name] = text.split('#') as [string, string]
    const [exported, method] = name.split('.') as [string, string | undefined]
    const source = readFileSync(file, 'utf8')
    t.match(source, new RegExp(`^export (async )?(function|const|class) ${exported}\\b`, 'm'), text)
    if (method) t.match(source, new RegExp(`^  (async )?${method}(<.*>)?\\(`, 'm'), text)
  }
})
