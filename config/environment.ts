import type { PrefixOf } from '../credentials/types.ts'

/** The two environments. One process serves one of them; each has a PostgreSQL schema of its own name. */
export type EnvironmentName = 'sandbox' | 'production'

/** What a key is for, within its environment: a sandbox knows two stages, production one. */
export type Stage = 'development' | 'staging' | 'production'

/** The facts that follow from an environment's name. */
export interface Environment {
  readonly name: EnvironmentName
  /** PostgreSQL schema. */
  readonly schema: string
  /** Its members see the rows of one organization: tenant work. */
  readonly tenantRole: string
  /** Its members see all rows, by a policy on each table and not by BYPASSRLS: look-ups and jobs across tenants. */
  readonly systemRole: string
  /** Key prefix by stage; the first stage is the default one. */
  readonly stages: readonly { readonly stage: Stage; readonly prefix: PrefixOf<'apiKey'> }[]
}

const environments: Record<EnvironmentName, Environment> = {
  sandbox: {
    name: 'sandbox',
    schema: 'sandbox',
    tenantRole: 'anteroom_sandbox_tenant',
    systemRole: 'anteroom_sandbox_system',
    stages: [
      { stage: 'development', prefix: 'sk_dev_' },
      { stage: 'staging', prefix: 'sk_staging_' },
    ],
  },
  production: {
    name: 'production',
    schema: 'production',
    tenantRole: 'anteroom_production_tenant',
    systemRole: 'anteroom_production_system',
    stages: [{ stage: 'production', prefix: 'sk_live_' }],
  },
}

/** The facts of the environment of that name. */
export function environmentOf(name: EnvironmentName): Environment {
  return environments[name]
}

/** The environment that a key prefix such as `sk_live_` belongs to, or null for a prefix of no environment. */
export function environmentOfPrefix(prefix: string): EnvironmentName | null {
  for (const environment of Object.values(environments)) {
    if (environment.stages.some((entry) => entry.prefix === prefix)) return environment.name
  }
  return null
}
