/** Every kind of credential that a request may carry. Those of a scope are `scope:campaigns:read` and so on. */
export const plainCredentials = [
  'none',
  'malformed',
  'another scheme',
  'two credentials',
  'key',
  'key of the wrong environment',
  'invented key',
  'revoked key',
  'expired key',
  'key beside user',
  'key alone in x-api-key',
  'user',
  'invented token',
  'refresh token',
  'ended session',
  'cookie',
  'cookie from another site',
  'interview session',
  'key of another tenant',
  'key of another tenant beside user',
  'user of another tenant',
] as const

const nouns = [
  'campaigns',
  'candidates',
  'interviews',
  'invites',
  'webhooks',
  'keys',
  'logs',
  'members',
  'organization',
]
const scoped = nouns.flatMap((noun) => [`scope:${noun}:read`, `scope:${noun}:write`] as const)

export type CredentialName = (typeof plainCredentials)[number] | `scope:${string}`

export const credentialNames: readonly CredentialName[] = [...plainCredentials, ...scoped]

/** Those that never open anything but what needs no credential. */
export const uselessCredentials: readonly CredentialName[] = [
  'none',
  'malformed',
  'another scheme',
  'two credentials',
  'key of the wrong environment',
  'invented key',
  'revoked key',
  'expired key',
  'key alone in x-api-key',
  'invented token',
  'refresh token',
  'ended session',
  'cookie from another site',
  'key of another tenant beside user',
]

/** Those of the other organization. */
export const foreignCredentials: readonly CredentialName[] = [
  'key of another tenant',
  'user of another tenant',
]

/** Those that let a caller in to what needs this. */
export function fittingCredentials(access: string): CredentialName[] {
  if (access === 'public') return ['none']
  if (access === 'interview') return ['interview session']
  if (access === 'user') return ['user', 'key beside user', 'cookie']
  if (access === 'key') return ['key']
  return ['key', 'key', 'key beside user', 'cookie']
}
