import { compileAllowList, normaliseEntry } from '../../credentials/allow-list.ts'
import { keyNeeds, type Need } from '../../db/queries/key-usage.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { allows, type Scope, scopes } from '../../schemas/access.ts'
import { badRequest } from '../../schemas/errors.ts'
import { getKey } from './keys.ts'
import { smallestRanges } from './ranges.ts'

const DAYS = 90
const MOST_RANGES = 50

/** What a key may do and from where. */
export interface Rights {
  scopes: string[]
  /** None: from everywhere. */
  allowedIps: string[]
}

/** What a key needs, and what something less than that would have refused. */
export interface Recommendation {
  /** Successful requests that were looked at. */
  requests: number
  days: number
  current: Rights
  /** The smallest rights that would have let all of them through; null where there were none. */
  proposal: Rights | null
  /** What `refused` was reckoned for. */
  considered: Rights
  refused: {
    requests: number
    scopes: { scope: string; requests: number }[]
    addresses: { ip: string; requests: number }[]
  }
}

/**
 * Proposes the smallest scopes and address ranges that would have let every successful request of the last 90 days
 * through, and tells what other rights would have refused.
 * @param asked rights to be tried; what it does not name stays as the key has it. By default the proposal is tried
 * @throws ApiError 400 for an unknown scope or a malformed address, 404 where the organization has no such key
 */
export async function recommend(
  tenancy: Tenancy,
  organizationId: string,
  keyId: string,
  asked: { readonly scopes?: string; readonly allowedIps?: string },
): Promise<Recommendation> {
  const key = await getKey(tenancy, organizationId, keyId)
  const needs = await tenancy.read(organizationId, (tx) => keyNeeds(tx, organizationId, keyId, DAYS))
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
}

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

function refusedBy(rights: Rights, needs: readonly Need[]): Recommendation['refused'] {
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
  throw badRequest('querystring.scopes', `must be of: ${scopes.join(', ')}, parted by commas`)
}

function readAddress(text: string): string {
  const entry = normaliseEntry(text)
  if (entry !== null) return entry
  throw badRequest('querystring.allowedIps', 'must be IP addresses or CIDRs, parted by commas')
}
