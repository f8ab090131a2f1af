import { codes, english } from 'virtual:languages'
import type { Messages } from './languages/en.ts'
import type { Language } from './types.ts'

export type Texts = Messages

/** The texts that are shown, and their language. */
export interface Spoken {
  language: Language
  texts: Texts
}

/** Milliseconds. A candidate can read English sooner than nothing. */
const PATIENCE = 10_000

// The build replaces the names of texts by their places.
const unpack = (packed: string) => packed.split('|') as unknown as Texts

export const inEnglish: Spoken = { language: 'en', texts: unpack(english) }
const packed: typeof __ANTEROOM_TEXTS__ = { ...__ANTEROOM_TEXTS__ }

/** The best of the languages that there are texts for: exact, or by its first part (`pt-BR` reads `pt`). */
function pickLanguage(wanted: readonly (string | undefined | null)[]): Language {
  for (const tag of wanted) {
    const language = tag?.toLowerCase().split('-')[0] as Language
    if (codes.includes(language)) return language
  }
  return 'en'
}

/**
 * The texts in the best of the languages. Texts that the script does not hold are loaded from the server that it came
 * from; where they cannot be loaded, the texts are English.
 * @param base the server's address
 * @param wanted language tags, the best one first
 */
export async function speak(base: string, wanted: readonly (string | undefined | null)[]): Promise<Spoken> {
  const language = pickLanguage(wanted)
  if (language === 'en') return inEnglish
  try {
    packed[language] ??= await load(`${base}/sdk/${__ANTEROOM_VERSION__}/${language}.txt`)
    return { language, texts: unpack(packed[language]) }
  } catch {
    return inEnglish
  }
}

async function load(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
  if (!answer.ok) throw new TypeError(url)
  return answer.text()
}

/** Fills `{0}`, `{1}` in. */
export function fill(text: string, ...values: (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (_, index) => String(values[index]))
}
