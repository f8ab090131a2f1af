import { crc32 } from 'node:zlib'
import { encodeBase62, randomBase62 } from './base62.ts'

const ID_LENGTH = 12
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const BODY_LENGTH = ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH

/** What a credential is, told by its prefix. */
export type CredentialKind =
  | 'apiKey'
  | 'accessToken'
  | 'refreshToken'
  | 'oauthAccessToken'
  | 'oauthRefreshToken'
  | 'inviteToken'
  | 'interviewToken'
  | 'browserToken'
  | 'dashboardCookie'
  | 'mailedToken'

const kinds = {
  sk_live_: 'apiKey',
  sk_dev_: 'apiKey',
  sk_staging_: 'apiKey',
  at_: 'accessToken',
  rt_: 'refreshToken',
  oat_: 'oauthAccessToken',
  ort_: 'oauthRefreshToken',
  inv_: 'inviteToken',
  ist_: 'interviewToken',
  ibt_: 'browserToken',
  ds_: 'dashboardCookie',
  mt_: 'mailedToken',
} as const satisfies Record<string, CredentialKind>

/** The text that every credential begins with. */
export type CredentialPrefix = keyof typeof kinds

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
// An invite's id begins as its token does, and is told by its shape: 26 characters of Crockford's base32.
const SHORT = credentialPrefixes.filter((prefix) => !prefix.startsWith('sk_'))
const INVITE_ID = 'inv_[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9A-Za-z])'
const ANYWHERE = new RegExp(
  `(?:sk_(?:live|dev|staging)_|(?<![0-9A-Za-z_-])(?!${INVITE_ID})(?:${SHORT.join('|')}))[0-9A-Za-z]{${ID_LENGTH + 8},}` +
    '|whsec_[0-9A-Za-z+/=_-]{16,}',
)

/** Whether a text (a URL, say) carries something of a credential's shape. */
export function containsCredential(text: string): boolean {
  return ANYWHERE.test(text)
}

/** The text with everything of a credential's shape cut down to its prefix, for logs. */
export function redactCredentials(text: string): string {
  return text.replace(new RegExp(ANYWHERE, 'g'), (found) => `${claimedPrefix(found) ?? 'whsec_'}[redacted]`)
}

function checksum(payload: string): string {
  return encodeBase62(crc32(payload), CHECKSUM_LENGTH)
}
