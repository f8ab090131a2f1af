import type postgres from 'postgres'
import type { Tenancy } from '../../db/tenant.ts'
import type { Receipt } from '../revocation/receipt.ts'
import { Effects, type Reporter, type Reporting } from './effects.ts'
import type { Services } from './services.ts'

/** What a change works with: one transaction, and what it reports. */
export interface ChangeContext extends Reporting {
  readonly tx: postgres.TransactionSql
}

/** Whose rows a change sees, and for whom it reports. */
export interface ChangeTarget extends Reporter {
  /** `tenant`: the rows of the organization; `system`: all. */
  readonly scope: 'tenant' | 'system'
}

/** The process, as far as a change uses it. A worker caches nothing and works in system scope. */
type ChangeServices = Pick<Services, 'config' | 'database' | 'log'> &
  Partial<Pick<Services, 'changes' | 'tenancy'>>

/**
 * Changes something in one transaction. It opens the transaction, runs the work, writes what the work reported in the
 * order that the locks need, commits, and waits until every instance has dropped what it cached. The runner uses it for
 * every operation. Call it directly only for what nobody asked for: a job, the operator, a partner's report.
 * @returns what the work returned, and who acknowledged the invalidations
 */
export async function change<T>(
  services: ChangeServices,
  target: ChangeTarget,
  work: (context: ChangeContext) => Promise<T>,
): Promise<{ value: T; receipt: Receipt | null }> {
  const { config, database, changes, log } = services
  const run = async (tx: postgres.TransactionSql) => {
    // New for each run: after a deadlock, PostgreSQL has the whole transaction run again.
    const effects = new Effects()
    const value = await work({ ...effects.for(target), tx })
    await effects.flush(tx, config.environment)
    // The driver unwraps a returned array or promise. An object around it keeps it as it is.
    return { value, effects }
  }
  const { value, effects } =
    target.scope === 'tenant'
      ? await tenancyOf(services).write(organizationOf(target), run)
      : await database.begin(run)
  await effects.committed((err) => log.error({ err }, 'work after a commit failed'))
  return { value, receipt: (await changes?.settle(effects.tags)) ?? null }
}

function tenancyOf({ tenancy }: ChangeServices): Tenancy {
  if (!tenancy) throw new Error('a process without connections of the tenant changes in system scope')
  return tenancy
}

function organizationOf({ organizationId }: ChangeTarget): string {
  if (organizationId === null) throw new Error('a change in tenant scope names its organization')
  return organizationId
}
