import { keyUsage, type UsageInterval, type UsagePoint } from '../../db/queries/key-usage.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { badRequest } from '../../schemas/errors.ts'
import { getKey } from './keys.ts'

const DAY_MS = 86_400_000
const widths = {
  hour: { usual: DAY_MS, longest: 31 * DAY_MS, told: '31 days' },
  day: { usual: 30 * DAY_MS, longest: 400 * DAY_MS, told: '400 days' },
} as const

/** What is asked for; instants are RFC 3339. */
export interface UsageQuery {
  readonly interval: UsageInterval
  readonly from?: string
  readonly to?: string
}

/**
 * A key's requests and refused authentications over time; by default the last 24 hours, or the last 30 days.
 * @throws ApiError 400 for a range that is empty or too long, 404 where the organization has no such key
 */
export async function readUsage(
  tenancy: Tenancy,
  organizationId: string,
  keyId: string,
  query: UsageQuery,
): Promise<UsagePoint[]> {
  const { usual, longest, told } = widths[query.interval]
  const to = query.to === undefined ? new Date() : new Date(query.to)
  const from = query.from === undefined ? new Date(to.getTime() - usual) : new Date(query.from)
  if (from >= to) throw badRequest('querystring.from', 'must be before to')
  if (to.getTime() - from.getTime() > longest) {
    throw badRequest(
      'querystring.from',
      `must be at most ${told} before to, for an interval of a ${query.interval}`,
    )
  }
  await getKey(tenancy, organizationId, keyId)
  return tenancy.read(organizationId, (tx) => keyUsage(tx, organizationId, keyId, query.interval, from, to))
}
