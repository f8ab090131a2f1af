/** The shortest and the longest password, in characters (NIST SP 800-63B-4 3.1.1.2: at least 8, room for 64 and more). */
const PASSWORD_LENGTH = { minimum: 8, maximum: 256 } as const

// A listed password with an exclamation mark behind it is the first thing that a guesser tries.
const ORNAMENTS = /[^\p{L}\p{N}]+$/u
const SHORTEST_WORD = 4
const productWords = ['anteroom']

// Loaded with the first new password: few processes see one, and the list is a good part of a start and of its memory.
let listed: ReadonlySet<string> | undefined

/**
 * Why a new password is refused, as the end of a sentence that begins with the field's name; null for one that may be
 * used. There are no rules of composition: what is refused is too short, too long, known from breaches, or made of
 * nothing but the name of the account, the organization or this product (ASVS 5.0, 6.2.4, 6.2.11, 6.2.12).
 * @param words what belongs to the account: e-mail address, name, organization's name
 */
export async function passwordProblem(password: string, words: readonly string[]): Promise<string | null> {
  const characters = [...password].length
  if (characters < PASSWORD_LENGTH.minimum) return `must have at least ${PASSWORD_LENGTH.minimum} characters`
  if (characters > PASSWORD_LENGTH.maximum) return `must have at most ${PASSWORD_LENGTH.maximum} characters`
  const plain = password.normalize('NFKC').toLowerCase()
  if (await isListed(plain)) return 'is in a list of common and breached passwords: choose another one'
  if (new Set(plain).size <= 2) return 'must not repeat one or two characters: choose another one'
  if (consistsOfWords(plain, words)) {
    return 'must not consist of your name, your e-mail address, your organization or this product'
  }
  return null
}

async function isListed(plain: string): Promise<boolean> {
  listed ??= new Set((await import('@zxcvbn-ts/language-common')).dictionary['passwords-common'])
  return listed.has(plain) || listed.has(plain.replace(ORNAMENTS, ''))
}

// Letters and digits of the words are struck from the password: what is left must still be a password of its own.
function consistsOfWords(plain: string, words: readonly string[]): boolean {
  let rest = lettersOf(plain)
  for (const word of [...words.flatMap(partsOf), ...productWords].sort((a, b) => b.length - a.length)) {
    rest = rest.replaceAll(word, '')
  }
  const struck = rest.length < lettersOf(plain).length
  return struck && rest.length < PASSWORD_LENGTH.minimum && rest.replace(/\p{N}/gu, '').length < SHORTEST_WORD
}

function partsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase()
  return [lettersOf(plain), ...plain.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= SHORTEST_WORD)
}

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '')
}
