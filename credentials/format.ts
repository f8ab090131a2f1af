import { crc32 } from 'node:zlib'
import { encodeBase62, randomBase62 } from './base62.ts'
import { allCredentialTypes, type CredentialKind, type PrefixOf } from './types.ts'

const ID_LENGTH = 12
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const BODY_LENGTH = ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH

const checkedTypes = allCredentialTypes.filter(([, { shape }]) => shape === 'checked')

/** The text that every credential of this form begins with. */
export type CredentialPrefix = PrefixOf<CredentialKind>

const kinds = Object.fromEntries(
  checkedTypes.flatMap(([kind, { prefixes }]) => prefixes.map((prefix) => [prefix, kind])),
) as Readonly<Record<CredentialPrefix, CredentialKind>>

/** Every prefix that there is. Whatever holds for credentials holds for each of these. */
export const credentialPrefixes = Object.keys(kinds) as readonly CredentialPrefix[]

/** A credential whose text is whole: it says nothing yet of whether it was ever issued. */
export interface ParsedCredential {
  readonly kind: CredentialKind
  readonly prefix: CredentialPrefix
  /** 12 characters, the look-up. */
  readonly publicId: string
  /** 32 characters; never logged nor stored in clear. */
  readonly secret: string
}

const SHAPE = new RegExp(`^(${credentialPrefixes.join('|')})([0-9A-Za-z]{${BODY_LENGTH}})$`)
const PREFIX = new RegExp(`^(${credentialPrefixes.join('|')})`)

/** Makes a credential: the text to hand out once, and its parts. */
export function generateCredential(prefix: CredentialPrefix): ParsedCredential & { readonly text: string } {
  const publicId = randomBase62(ID_LENGTH)
  const secret = randomBase62(SECRET_LENGTH)
  const payload = `${prefix}${publicId}${secret}`
  return { kind: kinds[prefix], prefix, publicId, secret, text: payload + checksum(payload) }
}

/**
 * Reads a presented credential. Mistyped, cut, extended and invented values are refused here, from their
 * text alone: CRC-32 (ISO 3309, as in zlib) sees every change within four neighbouring characters.
 * @returns null for a text that no issuer of ours wrote
 */
export function parseCredential(text: string): ParsedCredential | null {
  const match = SHAPE.exec(text)
  if (!match) return null
  const payload = text.slice(0, -CHECKSUM_LENGTH)
  if (checksum(payload) !== text.slice(-CHECKSUM_LENGTH)) return null
  const prefix = match[1] as CredentialPrefix
  const body = match[2] as string
  return {
    kind: kinds[prefix],
    prefix,
    publicId: body.slice(0, ID_LENGTH),
    secret: body.slice(ID_LENGTH, ID_LENGTH + SECRET_LENGTH),
  }
}

/** What a text claims to be by its prefix, whole or not; null for a prefix of nobody. */
export function claimedPrefix(text: string): CredentialPrefix | null {
  return (PREFIX.exec(text)?.[1] as CredentialPrefix | undefined) ?? null
}

/** What may be shown of a credential for ever: the text up to the end of its public id. */
export function displayPrefix(credential: Pick<ParsedCredential, 'prefix' | 'publicId'>): string {
  return credential.prefix + credential.publicId
}

// In any text: a secret in a URL, a log line or an error message is found by its shape, not by its checksum. The short
// prefixes count at the beginning of a word alone, as `at_` turns up within other random text (an OAuth `state`, say).
const ANYWHERE = new RegExp(
  allCredentialTypes
    .map(([, { prefixes, shape, unmistakable, harmless }]) => {
      const before = unmistakable ? '' : '(?<![0-9A-Za-z_-])'
      const begins = `(?:${prefixes.join('|')})${harmless === undefined ? '' : `(?!${harmless})`}`
      return (
        before + begins + (shape === 'checked' ? `[0-9A-Za-z]{${ID_LENGTH + 8},}` : '[0-9A-Za-z+/=_-]{16,}')
      )
    })
    .join('|'),
)
const ALL_ANYWHERE = new RegExp(ANYWHERE, 'g')
const EACH_PREFIX = new RegExp(`^(?:${allCredentialTypes.flatMap(([, { prefixes }]) => prefixes).join('|')})`)

/** Whether a text (a URL, say) carries something of a credential's shape. */
export function containsCredential(text: string): boolean {
  return ANYWHERE.test(text)
}

/** The text with everything of a credential's shape cut down to its prefix, for logs. */
export function redactCredentials(text: string): string {
  return text.replace(ALL_ANYWHERE, (found) => `${EACH_PREFIX.exec(found)?.[0]}[redacted]`)
}

function checksum(payload: string): string {
  return encodeBase62(crc32(payload), CHECKSUM_LENGTH)
}
