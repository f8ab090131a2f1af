import { seal, unseal } from '../../credentials/seal.ts'
import type { Database } from '../../db/connect.ts'
import type { JobQueue } from '../../db/jobs.ts'
import {
  addResults,
  type BulkRow,
  findBulk,
  insertBulk,
  lockOpenBulk,
} from '../../db/queries/invite-bulks.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import type { Bulk, BulkResults } from '../../schemas/bulk.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { type BulkOptions, type BulkResult, inviteRows } from './bulk.ts'
import type { CsvRow } from './csv/candidates.ts'
import type { InviteServices } from './invites.ts'
import { linkOf } from './present.ts'

const BATCH = 50

/** What became of a row, as kept: the token sealed, and only where it was not mailed. */
type KeptResult = { row: number; email: string | null } & (
  | { status: 'invited'; inviteId: string; sealed: string | null }
  | { status: 'error'; error: { code: string; message: string } }
)

type Kept = BulkRow<CsvRow, KeptResult>

/** What working through a file needs. */
export interface BulkServices extends InviteServices {
  /** 32 bytes. */
  readonly encryptionKey: Buffer
}

/** Keeps a file's rows and has a job work through them. */
export async function queueBulk(
  services: BulkServices & { jobs: JobQueue },
  tx: TenantTransaction,
  bulk: { organizationId: string; campaignId: string; rows: CsvRow[]; options: BulkOptions },
): Promise<Bulk> {
  const [row] = await insertBulk<CsvRow, KeptResult>(tx, { ...bulk, id: newId('blk') })
  const kept = row as Kept
  await services.jobs.add(tx, 'invite_bulk', { organizationId: kept.organizationId, bulkId: kept.id })
  return presentBulk(services, kept)
}

/** How far a file has come. @throws ApiError 404 where there is none, or it was done more than a day ago */
export async function getBulk(
  services: BulkServices,
  tenancy: Tenancy,
  organizationId: string,
  id: string,
): Promise<Bulk> {
  const [row] = await tenancy.read(organizationId, (tx) =>
    findBulk<CsvRow, KeptResult>(tx, organizationId, id),
  )
  if (!row) throw notFound('Bulk')
  return presentBulk(services, row)
}

/**
 * Works through a file, some rows in each transaction: their invites and what is written down of them come together, so
 * that whoever takes over from a process that died goes on with the first row that is not done.
 */
export async function workThroughBulk(
  services: BulkServices,
  database: Database,
  organizationId: string,
  id: string,
): Promise<void> {
  for (let open = true; open; ) {
    open = await database.begin(async (tx) => {
      const [bulk] = await lockOpenBulk<CsvRow, KeptResult>(tx, organizationId, id)
      if (!bulk?.rows) return false
      const batch = bulk.rows.slice(bulk.results.length, bulk.results.length + BATCH)
      const organization = { id: organizationId, name: bulk.organizationName }
      const results = await inviteRows(
        services,
        tx,
        organization,
        bulk.campaignId,
        batch,
        bulk.options,
      ).catch(
        // The campaign was closed meanwhile, or mail was switched off: the rows that are left say so.
        (error: unknown) => {
          if (!(error instanceof ApiError)) throw error
          return failAll(batch, error)
        },
      )
      const kept = results.map((result) => keep(services, id, result, bulk.options))
      const [after] = await addResults(tx, organizationId, id, kept)
      return after?.completed === false
    })
  }
}

function failAll(rows: readonly CsvRow[], { code, message }: ApiError): BulkResult[] {
  return rows.map((line) => ({
    row: line.row,
    email: line.email,
    status: 'error',
    error: 'error' in line ? line.error : { code, message },
  }))
}

function keep(services: BulkServices, bulkId: string, result: BulkResult, options: BulkOptions): KeptResult {
  if (result.status === 'error') return result
  const { row, email, status, inviteId, token } = result
  const sealed = options.sendEmail ? null : seal(services.encryptionKey, bulkId, token).toString('base64')
  return { row, email, status, inviteId, sealed }
}

function presentBulk(services: BulkServices, row: Kept): Bulk {
  const { id, campaignId, status, results, total, createdAt, completedAt } = row
  const failed = results.filter((result) => result.status === 'error').length
  return {
    id,
    campaignId,
    status,
    counts: { total, done: results.length, invited: results.length - failed, failed },
    results: results.map((kept) => {
      // Results that were kept before 0.2 have no address.
      const result = { ...kept, email: kept.email ?? null }
      if (result.status === 'error') return result
      const { sealed, ...shown } = result
      if (sealed === null) return shown
      return withToken(shown, unseal(services.encryptionKey, id, Buffer.from(sealed, 'base64')), services)
    }),
    createdAt,
    completedAt,
  }
}

/** Results of a file that was worked through at once. Tokens are shown where nobody got them by e-mail. */
export function presentResults(
  services: InviteServices,
  results: readonly BulkResult[],
  options: BulkOptions,
): BulkResults {
  return {
    results: results.map((result) => {
      if (result.status === 'error') return result
      const { token, ...shown } = result
      return options.sendEmail ? shown : withToken(shown, token, services)
    }),
  }
}

function withToken<T extends object>(result: T, token: string, services: InviteServices) {
  return { ...result, token, url: linkOf(services.publicUrl(), token) }
}
