const ACCENTS = /\p{M}/gu
const BETWEEN_WORDS = /[^\p{L}\p{N}]+/u
const LONGEST_WORD = 100
const MOST_WORDS = 20

/**
 * The words of texts, in small letters and without accents, so that `zurich` finds Zürich: NFKD parts a letter from its
 * accent (UAX #15). Both what is kept and what is asked for go through here, and no parser of the database between.
 */
export function wordsOf(...texts: readonly (string | null)[]): string[] {
  const words = texts.flatMap((text) =>
    (text ?? '').normalize('NFKD').replace(ACCENTS, '').toLowerCase().split(BETWEEN_WORDS),
  )
  return [...new Set(words.filter((word) => word !== '').map((word) => word.slice(0, LONGEST_WORD)))]
}

/**
 * A PostgreSQL tsquery that every word of a question has to begin a word of. Words hold letters and digits alone, so
 * that no operator gets in.
 * @returns null for a text without a word, which nothing is found by
 */
export function prefixQuery(question: string): string | null {
  const words = wordsOf(question).slice(0, MOST_WORDS)
  return words.length === 0 ? null : words.map((word) => `'${word}':*`).join(' & ')
}
