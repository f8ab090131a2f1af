import { languages, type Messages } from 'virtual:languages'
import type { Language } from './types.ts'

export type Texts = Messages

/** The best of the languages that there are texts for: exact, or by its first part (`pt-BR` reads `pt`). */
export function pickLanguage(wanted: readonly (string | undefined | null)[]): Language {
  for (const tag of wanted) {
    const language = tag?.toLowerCase().split('-')[0] as Language
    if (language && language in languages) return language
  }
  return 'en'
}

export function textsIn(language: Language): Texts {
  return languages[language]
}

/** Fills `{0}`, `{1}` in. */
export function fill(text: string, ...values: (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (_, index) => String(values[index]))
}
