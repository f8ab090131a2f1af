import type { ApiOperation } from './document.ts'

/** Every kind of credential that a request may carry. */
export const securitySchemes = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key as `Authorization: Bearer sk_…`: the organization, server to server',
  },
  apiKeyBesideUser: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'An API key beside a user’s access token: allowed is what both allow',
  },
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'A user’s access token as `Authorization: Bearer at_…`',
  },
  dashboardSession: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-anteroom',
    description: 'The dashboard’s cookie, same origin',
  },
  interviewSession: {
    type: 'http',
    scheme: 'bearer',
    description: 'A candidate’s interview session as `Authorization: Bearer ist_…`',
  },
} as const

type Requirement = Partial<Record<keyof typeof securitySchemes, string[]>>

/** Says which credentials an operation takes and which scope it needs. */
export function completeSecurity(
  operation: ApiOperation,
  takesTokenAlone: (access: string) => boolean,
): void {
  const access = operation['x-access'] ?? 'public'
  const scope = access.includes(':') ? [access] : []
  operation['x-scopes'] = scope
  operation.security = requirementsOf(access, scope, takesTokenAlone(access)) as Record<string, string[]>[]
  const need = sentences[access] ?? `Needs the scope \`${access}\`.`
  operation.description = [operation.description, need].filter(Boolean).join('\n\n')
}

const sentences: Readonly<Record<string, string>> = {
  public: 'Needs no credential.',
  authenticated: 'Needs any credential of the organization.',
  user: 'Needs a user.',
  key: 'Needs an API key.',
  interview: 'Needs an interview session.',
}

function requirementsOf(access: string, scope: string[], tokenAlone: boolean): Requirement[] {
  if (access === 'public') return []
  if (access === 'interview') return [{ interviewSession: [] }]
  const both: Requirement = { apiKeyBesideUser: scope, accessToken: scope }
  if (access === 'key') return [{ apiKey: [] }, both]
  const user: Requirement[] = [...(tokenAlone ? [{ accessToken: scope }] : []), { dashboardSession: scope }]
  if (access === 'user') return [...user, both]
  return [{ apiKey: scope }, both, ...user]
}
