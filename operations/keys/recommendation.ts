import Type, { type Static } from 'typebox'
import { compileAllowList, normaliseEntry } from '../../credentials/allow-list.ts'
import { keyNeeds, type Need } from '../../db/queries/key-usage.ts'
import { allows, type Scope, scopes } from '../../schemas/access.ts'
import { badRequest } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Nullable, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { readKey } from './find.ts'
import { smallestRanges } from './ranges.ts'

const DAYS = 90
const MOST_RANGES = 50

const Rights = Type.Object({
  scopes: Type.Array(Type.String()),
  allowedIps: Type.Array(Type.String(), { description: 'Empty: from every address' }),
})
type Rights = Static<typeof Rights>

const Refused = Type.Object({
  requests: Type.Integer({
    description: 'How many of the requests the considered rights would have refused',
  }),
  scopes: Type.Array(Type.Object({ scope: Type.String(), requests: Type.Integer() })),
  addresses: Type.Array(Type.Object({ ip: Type.String(), requests: Type.Integer() })),
})

/** Proposes the smallest rights that a key needs. */
export const recommendRights = readOperation({
  name: 'keys.recommendation',
  summary: 'Get the smallest rights that a key needs',
  description:
    'Looks at the successful requests of the last 90 days. `proposal` has the smallest scopes and addresses that ' +
    'would have let all of them through. Name `scopes` or `allowedIps` to see what those rights would have refused.',
  access: 'keys:read',
  input: Strict({
    id: Id('key'),
    scopes: Type.Optional(
      Type.String({ maxLength: 1000, description: 'Rights to try, separated by commas' }),
    ),
    allowedIps: Type.Optional(
      Type.String({ maxLength: 3000, description: 'Addresses to try, separated by commas' }),
    ),
  }),
  output: Type.Object(
    {
      days: Type.Integer({ description: 'How many days of the log were considered' }),
      requests: Type.Integer({ description: 'Successful requests that were considered' }),
      current: Rights,
      proposal: Nullable(Rights),
      considered: Rights,
      refused: Refused,
    },
    { title: 'KeyRecommendation' },
  ),
  async run(context, { id, ...asked }) {
    const { read, organizationId } = context
    const key = await readKey(context, id)
    const needs = await read((tx) => keyNeeds(tx, organizationId, id, DAYS))
    const current = { scopes: key.scopes, allowedIps: key.allowedIps }
    const proposal = needs.length === 0 ? null : propose(needs)
    const tried = asked.scopes !== undefined || asked.allowedIps !== undefined
    const considered = tried ? { ...current, ...readRights(asked) } : (proposal ?? current)
    return {
      requests: needs.reduce((sum, need) => sum + need.requests, 0),
      days: DAYS,
      current,
      proposal,
      considered,
      refused: refusedBy(considered, needs),
    }
  },
})

function propose(needs: readonly Need[]): Rights {
  const needed = new Set(needs.flatMap(scopesOf))
  const smallest = scopes.filter(
    (scope) =>
      needed.has(scope) &&
      !(scope.endsWith(':read') && needed.has(scope.replace(':read', ':write') as Scope)),
  )
  return {
    scopes: smallest,
    allowedIps: smallestRanges([...new Set(needs.map((need) => need.ip))], MOST_RANGES),
  }
}

// Routes that ask who someone is, and not for a scope, take any key.
function scopesOf(need: Need): Scope[] {
  return need.access.split(',').filter((part): part is Scope => (scopes as readonly string[]).includes(part))
}

function refusedBy(rights: Rights, needs: readonly Need[]): Static<typeof Refused> {
  const accepts = compileAllowList(rights.allowedIps)
  const byScope = new Map<string, number>()
  const byAddress = new Map<string, number>()
  let requests = 0
  for (const need of needs) {
    const missing = scopesOf(need).filter((scope) => !allows(rights.scopes, scope))
    const outside = accepts !== null && !accepts(need.ip)
    if (missing.length === 0 && !outside) continue
    requests += need.requests
    for (const scope of missing) byScope.set(scope, (byScope.get(scope) ?? 0) + need.requests)
    if (outside) byAddress.set(need.ip, (byAddress.get(need.ip) ?? 0) + need.requests)
  }
  return {
    requests,
    scopes: [...byScope].map(([scope, count]) => ({ scope, requests: count })),
    addresses: [...byAddress].map(([ip, count]) => ({ ip, requests: count })),
  }
}

function readRights(asked: { readonly scopes?: string; readonly allowedIps?: string }): Partial<Rights> {
  return {
    ...(asked.scopes === undefined ? {} : { scopes: split(asked.scopes).map(readScope) }),
    ...(asked.allowedIps === undefined ? {} : { allowedIps: split(asked.allowedIps).map(readAddress) }),
  }
}

function split(list: string): string[] {
  return list.split(',').filter((part) => part !== '')
}

function readScope(text: string): string {
  if ((scopes as readonly string[]).includes(text)) return text
  throw badRequest('querystring.scopes', `must be some of: ${scopes.join(', ')}, separated by commas`)
}

function readAddress(text: string): string {
  const entry = normaliseEntry(text)
  if (entry !== null) return entry
  throw badRequest('querystring.allowedIps', 'must be IP addresses or CIDRs, separated by commas')
}
