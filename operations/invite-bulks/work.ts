import { addResults, lockOpenBulk } from '../../db/queries/invite-bulks.ts'
import { ApiError } from '../../schemas/errors.ts'
import { type ChangeContext, change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import type { CsvRow } from './csv/candidates.ts'
import { type KeptResult, keepResult } from './kept.ts'
import { type BulkResult, inviteRows } from './rows.ts'

/** How many rows a transaction does. */
const BATCH = 50

type BulkServices = Pick<Services, 'config' | 'database' | 'mailer' | 'encryptionKey' | 'publicUrl' | 'log'>

/**
 * Works through a file, some rows in each transaction: their invites and what is kept of them are committed together, so
 * that another worker can take over from a process that died, with the first row that is not done.
 */
export async function workThroughBulk(
  services: BulkServices,
  organizationId: string,
  id: string,
): Promise<void> {
  const target = { scope: 'system', organizationId, auditContext: null } as const
  for (let open = true; open; ) {
    const { value } = await change(services, target, (context) =>
      doBatch(services, context, organizationId, id),
    )
    open = value
  }
}

/** @returns whether rows are left */
async function doBatch(
  services: BulkServices,
  { tx, emit }: ChangeContext,
  organizationId: string,
  id: string,
): Promise<boolean> {
  const [bulk] = await lockOpenBulk<CsvRow, KeptResult>(tx, organizationId, id)
  if (!bulk?.rows) return false
  const { campaignId, options, organizationName } = bulk
  const batch = bulk.rows.slice(bulk.results.length, bulk.results.length + BATCH)
  const inviting = { tx, emit, services, organization: { id: organizationId, name: organizationName } }
  const results = await inviteRows(inviting, campaignId, batch, options).catch(
    // The campaign was closed meanwhile, or mail was switched off: the rows that are left say so.
    (error: unknown) => {
      if (!(error instanceof ApiError)) throw error
      return failAll(batch, error)
    },
  )
  const kept = results.map((result) => keepResult(services.encryptionKey, id, result, options))
  const [after] = await addResults(tx, organizationId, id, kept)
  return after?.completed === false
}

function failAll(rows: readonly CsvRow[], { code, message }: ApiError): BulkResult[] {
  return rows.map((line) => ({
    row: line.row,
    email: line.email,
    status: 'error',
    error: 'error' in line ? line.error : { code, message },
  }))
}
