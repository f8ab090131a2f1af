import { isName, LONGEST_NAME, UNSHOWABLE } from '../../schemas/visible-text.ts'

// A mark of direction turns a file's extension around with it.
const UNSHOWN = new RegExp(`[${UNSHOWABLE}\\ufeff]`, 'gu')
// What RFC 8187, 3.2.1 lets stand as it is in an extended value.
const ATTR_CHAR = /[A-Za-z0-9!#$&+.^_`|~-]/
const QUOTABLE = /[^\x20-\x7e]|["\\%]/g

/**
 * The name to show for an uploaded file: the last part of what the sender called it, in one line. It is shown and
 * offered for saving, and never part of a path here.
 * @param extension without the dot, for a file that came without a name
 */
export function displayName(given: string | undefined, extension: string): string {
  const last = (given ?? '').toWellFormed().split(/[/\\]/).at(-1) ?? ''
  // Composed last: what is taken out may have stood between a letter and its accent.
  const shown = shorten(last.replace(UNSHOWN, '').normalize('NFC').trim())
  return /^\.*$/.test(shown) || !isName(shown) ? `file.${extension}` : shown
}

function shorten(name: string): string {
  const characters = [...name]
  if (characters.length <= LONGEST_NAME) return name
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? ''
  return (
    characters
      .slice(0, LONGEST_NAME - ending.length)
      .join('')
      .trimEnd() + ending
  )
}

/**
 * `Content-Disposition: attachment` (RFC 6266): a quoted ASCII name for every client and, where that is not the whole
 * truth, the name in UTF-8 (RFC 8187) beside it.
 */
export function contentDisposition(name: string): string {
  const ascii = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').replace(QUOTABLE, '_')
  const plain = `attachment; filename="${ascii}"`
  return ascii === name ? plain : `${plain}; filename*=UTF-8''${extended(name)}`
}

function extended(name: string): string {
  let text = ''
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte)
    text += ATTR_CHAR.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
