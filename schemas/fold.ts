// Letters that Unicode does not take apart: each is written with what people type who do not have it on their keyboard
// (Latin-ASCII of CLDR, and the two letters for one sound that Greek and Ukrainian have). The function `fold_letters` of
// PostgreSQL has the same table.
const letters: Readonly<Record<string, string>> = {
  ...pairs('øđðħıłŋŧƀɓƈȼɖɗƌɇəǝƒɠǥɨɉƙƚɫɲƞɵƥɍʂƭʈⱦʉʋƴɏƶȥςґ', 'oddhilntbbccdddeeefggijkllnnoprstttuvyyzzσг'),
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
}
const FOLDED = new RegExp(`[${Object.keys(letters).join('')}]`, 'gu')
const ACCENTS = /\p{M}/gu

function pairs(from: string, to: string): Record<string, string> {
  const plain = [...to]
  return Object.fromEntries([...from].map((letter, index) => [letter, plain[index] as string]))
}

/**
 * A text as it is searched: in small letters and without accents, so that `zurich` finds Zürich and `lukasz` finds
 * Łukasz. NFKD parts a letter from its accent (UAX #15). What is kept and what is asked for both go through here.
 */
export function fold(text: string): string {
  const plain = text.normalize('NFKD').replace(ACCENTS, '').toLowerCase()
  return plain.replace(FOLDED, (letter) => letters[letter] as string)
}
