import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import packageJson from '../../package.json' with { type: 'json' }
import { buildSdk } from '../support/careers-page.ts'

buildSdk()
const built = (name: string) => readFileSync(path.join('web/dist/sdk', name))
const page = readFileSync('docs/sdk.md', 'utf8')

t.test('the script is smaller than 15 kB, with every language that it may load', async (t) => {
  const script = built('sdk.js')
  const size = (content: Buffer) => gzipSync(content, { level: 9 }).length
  for (const code of ['ar', 'de', 'es', 'fr', 'it', 'pl', 'pt']) {
    const length = size(script) + size(built(`${code}.txt`))
    t.ok(length <= 15_000, `${code}: ${length} bytes`)
  }
  t.match(built('ar.txt').toString(), /شكرًا لك/, 'Arabic')
  t.notMatch(script.toString(), /\bimport\b|\beval\(|new Function|innerHTML/, 'one file, for strict CSPs')
})

t.test('docs/sdk.md has the hashes of this version', async (t) => {
  for (const name of ['sdk.js', 'sdk.mjs']) {
    const hash = createHash('sha384').update(built(name)).digest('base64')
    const row = page.split('\n').find((line) => line.startsWith(`| \`/sdk/${packageJson.version}/${name}\``))
    t.match(row, `\`sha384-${hash}\``, name)
  }
})

t.test('the pictures of docs/sdk.md are there, and small', async (t) => {
  const pictures = [...page.matchAll(/\((images\/sdk\/[^)]+)\)/g)].map(([, name]) =>
    path.join('docs', String(name)),
  )
  t.ok(pictures.length > 8, `${pictures.length} pictures`)
  for (const picture of pictures) t.ok(existsSync(picture) && statSync(picture).size < 60_000, picture)
})
