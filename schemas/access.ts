import Type from 'typebox'

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
] as const
type Noun = (typeof nouns)[number]

/** What a credential may be allowed: everything, or one noun to read or to write (write implies read). */
export type Scope = '*' | `${Noun}:read` | `${Noun}:write`

/** Every scope there is, `*` first. */
export const scopes: readonly Scope[] = [
  '*',
  ...nouns.flatMap((noun) => [`${noun}:read`, `${noun}:write`] as const),
]

export const roles = ['owner', 'admin', 'member', 'viewer'] as const
/** What a user is in an organization. */
export type Role = (typeof roles)[number]

const readEverything = nouns.map((noun) => `${noun}:read` as const)

/** What each role may do: owners and admins everything, members the daily work, viewers look on. */
const scopesOfRole: Record<Role, readonly Scope[]> = {
  owner: ['*'],
  admin: ['*'],
  member: [...readEverything, 'campaigns:write', 'candidates:write', 'interviews:write', 'invites:write'],
  viewer: readEverything,
}

/** The scopes of a role. */
export function roleScopes(role: Role): readonly Scope[] {
  return scopesOfRole[role]
}

/** Whether granted scopes allow the one that a route needs. */
export function allows(granted: readonly string[], needed: Scope): boolean {
  if (granted.includes('*') || granted.includes(needed)) return true
  return needed.endsWith(':read') && granted.includes(`${needed.slice(0, -':read'.length)}:write`)
}

/** The first of the wanted scopes that the granted ones do not cover, or null: nobody hands on more than they have. */
export function firstExcess(wanted: readonly Scope[], granted: readonly string[]): Scope | null {
  return wanted.find((scope) => !allows(granted, scope)) ?? null
}

const ScopeSchema = Type.Enum([...scopes])
export const ScopeList = Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true })
export const RoleSchema = Type.Enum([...roles])
