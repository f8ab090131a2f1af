import { readdirSync } from 'node:fs'
import t from 'tap'
import { en } from '../../web/sdk/languages/en.ts'

const folder = new URL('../../web/sdk/languages/', import.meta.url)
const languages = readdirSync(folder).map((file) => file.slice(0, -3))

t.test('there are eight languages, one of them written from right to left', async (t) => {
  t.same(languages.sort(), ['ar', 'de', 'en', 'es', 'fr', 'it', 'pl', 'pt'])
})

for (const code of languages)
  t.test(`${code} has every text, with the same places to fill in`, async (t) => {
    const texts: Record<string, string> = (await import(new URL(`${code}.ts`, folder).href))[code]
    t.same(Object.keys(texts), Object.keys(en), 'the same texts in the same order')
    for (const [name, original] of Object.entries(en)) {
      const text = texts[name] ?? ''
      t.ok(text.trim().length > 0, `${name}: not empty`)
      t.notMatch(text, /\|/, `${name}: without the mark that the build puts between texts`)
      const places = (of: string) => (of.match(/\{\d\}/g) ?? []).sort()
      t.same(places(text), places(original), `${name}: the same places`)
    }
  })
