import type { BulkStatus } from '../../schemas/bulk.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'

/** A file of invites as stored. `R` is a row that was read, `S` what became of one. */
export interface BulkRow<R, S> {
  organizationId: string
  id: string
  campaignId: string
  status: BulkStatus
  options: { sendEmail: boolean; expiresInHours: number | null }
  /** Null once it is done. */
  rows: R[] | null
  results: S[]
  total: number
  createdAt: Date
  completedAt: Date | null
}

export function insertBulk<R, S>(
  tx: Queryable,
  bulk: Pick<BulkRow<R, S>, 'organizationId' | 'id' | 'campaignId' | 'options'> & { rows: R[] },
) {
  const { organizationId, id, campaignId, options, rows } = bulk
  return tx<BulkRow<R, S>[]>`
    insert into invite_bulks (organization_id, id, campaign_id, options, rows, total)
    values (${organizationId}, ${id}, ${campaignId}, ${tx.json(options)}, ${tx.json(rows as never)}, ${rows.length})
    returning *`
}

/** One file of invites, without what is left to do, or no row. */
export function findBulk<R, S>(tx: Queryable, organizationId: string, id: string) {
  return tx<BulkRow<R, S>[]>`
    select organization_id, id, campaign_id, status, options, null as rows, results, total, created_at, completed_at
    from invite_bulks where organization_id = ${organizationId} and id = ${id}`
}

/** One file of invites that is not done, locked until the transaction ends, with its organization's name. */
export function lockOpenBulk<R, S>(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'invite_bulk', organizationId)
  return tx<(BulkRow<R, S> & { organizationName: string })[]>`
    select invite_bulks.*, organizations.name as organization_name
    from invite_bulks join organizations on organizations.id = organization_id
    where organization_id = ${organizationId} and invite_bulks.id = ${id} and completed_at is null
    for update of invite_bulks`
}

/** Writes down what became of some rows; done with all of them the list of people goes. */
export function addResults<S>(tx: Queryable, organizationId: string, id: string, results: readonly S[]) {
  return tx<{ completed: boolean }[]>`
    update invite_bulks set results = results || ${tx.json(results as never)},
      status = case when jsonb_array_length(results) + ${results.length} >= total then 'completed' else 'running' end,
      completed_at = case when jsonb_array_length(results) + ${results.length} >= total then now() end,
      rows = case when jsonb_array_length(results) + ${results.length} >= total then null else rows end
    where organization_id = ${organizationId} and id = ${id}
    returning completed_at is not null as completed`
}

/** Forgets files that were done a day ago. */
export function forgetOldBulks(db: Queryable) {
  return db`delete from invite_bulks where completed_at < now() - interval '24 hours'`
}
