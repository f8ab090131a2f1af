/** What is known of one type of credential, apart from what a server does with it. */
interface CredentialType {
  /** As docs name it. */
  readonly name: string
  /** What a text of this type begins with, one for each stage or environment that has its own. */
  readonly prefixes: readonly [string, ...string[]]
  /** A text that begins so is meant to be of this type, even where it is cut or misspelled. */
  readonly family: string
  /** `checked`: public id, secret and checksum (credentials/format.ts). `base64`: a Standard Webhooks secret. */
  readonly shape: 'checked' | 'base64'
  /** Where a request may present it to say who is asking. */
  readonly presentedIn: readonly ('x-api-key' | 'bearer' | 'cookie')[]
  /** Whether the prefix alone tells it within a longer word: a short one turns up in random text by chance. */
  readonly unmistakable: boolean
  /** Texts after the prefix that are no secret although they look like one; a regular expression. */
  readonly harmless?: string
  /** Whether the access log keeps its SHA-256, so that its owner finds what was sent. */
  readonly loggedByFingerprint: boolean
  /** What a partner's report of a leak does: `end` finds and ends it, `ignore` calls it a false positive. */
  readonly whenLeaked: 'end' | 'ignore'
}

const token = {
  shape: 'checked',
  presentedIn: [],
  unmistakable: false,
  loggedByFingerprint: false,
  whenLeaked: 'ignore',
} as const

/**
 * Every type of credential. Reading, redaction, leak scanning and the docs' table come from here. A type that a request
 * may present needs an entry in operations/credentials/registry.ts besides: without it the code does not compile.
 */
export const credentialTypes = {
  apiKey: {
    ...token,
    name: 'API key',
    prefixes: ['sk_live_', 'sk_dev_', 'sk_staging_'],
    family: 'sk_',
    presentedIn: ['x-api-key', 'bearer'],
    unmistakable: true,
    loggedByFingerprint: true,
    whenLeaked: 'end',
  },
  accessToken: { ...token, name: 'access token', prefixes: ['at_'], family: 'at_', presentedIn: ['bearer'] },
  refreshToken: { ...token, name: 'refresh token', prefixes: ['rt_'], family: 'rt_' },
  oauthAccessToken: { ...token, name: 'access token of an app', prefixes: ['oat_'], family: 'oat_' },
  oauthRefreshToken: { ...token, name: 'refresh token of an app', prefixes: ['ort_'], family: 'ort_' },
  // An invite's id begins as its token does: it is told by its 26 characters of Crockford's base32.
  inviteToken: {
    ...token,
    name: 'invite token',
    prefixes: ['inv_'],
    family: 'inv_',
    harmless: '[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9A-Za-z])',
  },
  interviewToken: {
    ...token,
    name: 'interview session',
    prefixes: ['ist_'],
    family: 'ist_',
    presentedIn: ['bearer'],
  },
  browserToken: { ...token, name: 'browser token', prefixes: ['ibt_'], family: 'ibt_' },
  dashboardCookie: {
    ...token,
    name: 'dashboard cookie',
    prefixes: ['ds_'],
    family: 'ds_',
    presentedIn: ['cookie'],
  },
  mailedToken: { ...token, name: 'mailed link', prefixes: ['mt_'], family: 'mt_' },
  webhookSecret: {
    ...token,
    name: 'webhook secret',
    prefixes: ['whsec_'],
    family: 'whsec_',
    shape: 'base64',
    unmistakable: true,
  },
} as const satisfies Record<string, CredentialType>

type Types = typeof credentialTypes

/** What a credential is. */
export type AnyCredentialKind = keyof Types

/** The types whose texts have the form of credentials/format.ts. */
export type CredentialKind = {
  [K in AnyCredentialKind]: Types[K]['shape'] extends 'checked' ? K : never
}[AnyCredentialKind]

/** The types by which a request may say who is asking. */
export type RequestCredentialKind = {
  [K in AnyCredentialKind]: Types[K]['presentedIn'] extends readonly [] ? never : K
}[AnyCredentialKind]

/** The text that a credential of a kind begins with. */
export type PrefixOf<K extends AnyCredentialKind> = Types[K]['prefixes'][number]

/** Each type, with its name. */
export const allCredentialTypes = Object.entries(credentialTypes) as readonly [
  AnyCredentialKind,
  CredentialType,
][]

/** What a text claims to be by how it begins, whole or not; null for nothing of ours. */
export function claimedKind(text: string): AnyCredentialKind | null {
  return allCredentialTypes.find(([, { family }]) => text.startsWith(family))?.[0] ?? null
}

/** Whether a request may say by a credential of this kind who is asking, in one of its headers or its cookie. */
export function isPresentedIn(
  kind: AnyCredentialKind | null,
  place: 'x-api-key' | 'bearer' | 'cookie',
): kind is RequestCredentialKind {
  return kind !== null && (credentialTypes[kind] as CredentialType).presentedIn.includes(place)
}
