import type { EnvironmentName } from '../../config/environment.ts'
import { ApiError } from '../../schemas/errors.ts'

export const planNames = ['free', 'team', 'enterprise'] as const
/** What an organization has subscribed to. */
export type PlanName = (typeof planNames)[number]

/** How many of a thing an organization may have; null: as many as it likes. */
export interface PlanLimits {
  readonly members: number | null
  readonly keys: number | null
  readonly webhooks: number | null
}

const GB = 1024 ** 3

/** What a plan may allow or not. */
export type Feature = 'requireTotp' | 'reportLeakedKeys'

/** A plan: limits, how many times RATE_LIMIT_PER_MINUTE it has, and features. */
export interface Plan {
  readonly limits: PlanLimits
  readonly rateLimitFactor: number
  /** Bytes of files; null: as many as it likes. */
  readonly storageBytes: number | null
  readonly features: Readonly<Record<Feature, boolean>>
}

const everything = { requireTotp: true, reportLeakedKeys: true } as const

/** Every plan there is. */
const plans: Record<PlanName, Plan> = {
  free: {
    limits: { members: 1000, keys: 10_000, webhooks: 100 },
    storageBytes: 5 * GB,
    rateLimitFactor: 1,
    features: { requireTotp: false, reportLeakedKeys: false },
  },
  team: {
    limits: { members: 5000, keys: 50_000, webhooks: 500 },
    storageBytes: 100 * GB,
    rateLimitFactor: 5,
    features: everything,
  },
  enterprise: {
    limits: { members: null, keys: null, webhooks: null },
    storageBytes: null,
    rateLimitFactor: 20,
    features: everything,
  },
}

/**
 * What an organization may. The sandbox is there to try things out: every plan has every feature in it.
 * @param name as stored; one that is unknown counts as free
 */
export function planOf(environment: EnvironmentName, name: string): Plan {
  const plan = plans[name as PlanName] ?? plans.free
  return environment === 'sandbox' ? { ...plan, features: everything } : plan
}

/** How many times RATE_LIMIT_PER_MINUTE an organization of that plan has; asked on every request. */
export function rateLimitFactorOf(plan: string): number {
  return (plans[plan as PlanName] ?? plans.free).rateLimitFactor
}

/** @throws ApiError 403 that names the feature, where the organization's plan lacks it */
export function requireFeature(environment: EnvironmentName, plan: string, feature: Feature): void {
  if (!planOf(environment, plan).features[feature]) throw outsidePlan(plan, feature)
}

/**
 * @param count how many there are already
 * @param times how many times the limit may be reached
 * @throws ApiError 403 that names the limit, where one more is one too many
 */
export function requireRoom(
  environment: EnvironmentName,
  plan: string,
  limit: keyof PlanLimits,
  count: number,
  times = 1,
): void {
  const most = planOf(environment, plan).limits[limit]
  if (most !== null && count >= most * times) throw outsidePlan(plan, limit, ` (at most ${most})`)
}

function outsidePlan(plan: string, what: string, more = ''): ApiError {
  return new ApiError('FORBIDDEN', `The plan ${plan} does not include this: ${what}${more}`, {
    reason: `plan_limit:${what}`,
    details: [{ path: 'organization.plan', message: `lacks ${what}` }],
  })
}

/**
 * How many bytes of files an organization of that plan may have; null: as many as it likes.
 * @param configured STORAGE_PER_ORGANIZATION, which goes before the plan
 */
export function storageLimitOf(plan: string, configured: number | null): number | null {
  return configured ?? (plans[plan as PlanName] ?? plans.free).storageBytes
}
