import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'

const MOST_BYTES = 60_000
const root = 'web/dist/dashboard'

/** A script and all that it imports before it runs. */
function withImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(path.join(root, file), 'utf8')
  for (const [, name = ''] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) {
    withImports(`assets/${name}`, seen)
  }
  return seen
}

t.test('the script of the first load is small, and nothing is written into the page', (t) => {
  const page = readFileSync(path.join(root, 'index.html'), 'utf8')
  const scripts = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, file = '']) => file)
  const files = scripts.reduce((seen, file) => withImports(file, seen), new Set<string>())
  const bytes = [...files].reduce(
    (sum, file) => sum + gzipSync(readFileSync(path.join(root, file))).length,
    0,
  )
  t.comment(`${files.size} files, ${bytes} bytes with gzip`)
  t.ok(bytes > 5000, 'they were found')
  t.ok(bytes < MOST_BYTES, `${bytes} bytes`)
  t.notOk(/<script(?![^>]*src)|<style|style=|\son\w+=/.test(page))
  t.end()
})
