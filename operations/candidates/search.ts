import { fold } from '../../schemas/fold.ts'

const BETWEEN_WORDS = /[^\p{L}\p{N}]+/u
const LONGEST_WORD = 100
const MOST_WORDS = 20

/** The words of texts, folded. Both what is kept and what is asked for go through here. */
export function wordsOf(...texts: readonly (string | null)[]): string[] {
  const words = texts.flatMap((text) => fold(text ?? '').split(BETWEEN_WORDS))
  // The end of a long word may cut a character in two.
  return [
    ...new Set(words.map((word) => word.slice(0, LONGEST_WORD).replace(/[\ud800-\udbff]$/, ''))),
  ].filter(Boolean)
}

/** The words of a question. None: nothing is found by it. */
export function wordsToFind(question: string): string[] {
  return wordsOf(question).slice(0, MOST_WORDS)
}
