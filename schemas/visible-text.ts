/** Characters of a name, unless its schema says otherwise. */
export const LONGEST_NAME = 200

// Unicode's categories and properties, as they stand between the brackets of a pattern with the flag `u`: control
// characters, ends of lines and paragraphs, halves of surrogate pairs, and what turns the direction of text around.
export const UNSHOWABLE = '\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Bidi_Control}'

// Letters, numbers, punctuation and symbols; without the fillers among them, which have no shape.
const VISIBLE = '(?:(?![\\u115f\\u1160\\u2800\\u3164\\uffa0])[\\p{L}\\p{N}\\p{P}\\p{S}])'

/** Names of people and things: one line that shows as it is, with something to see. */
export const NAME_PATTERN = `^(?=.*${VISIBLE})[^${UNSHOWABLE}]*$`

/** Text of several lines, with something to see. */
export const VISIBLE_PATTERN = VISIBLE

/** The rule for names, in the words of an error. */
export const NAME_RULE =
  'must be one line of text with a visible character, without control characters and marks that change its direction'

/** The rules of both patterns. */
export const ruleOfPattern: Readonly<Record<string, string>> = {
  [NAME_PATTERN]: NAME_RULE,
  [VISIBLE_PATTERN]: 'must have a visible character',
}

const nameLike = new RegExp(NAME_PATTERN, 'u')

/** Whether a text can be the name of a person or a thing. */
export function isName(text: string): boolean {
  return [...text].length <= LONGEST_NAME && nameLike.test(text)
}
