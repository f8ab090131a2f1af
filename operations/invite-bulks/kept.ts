import { seal, unseal } from '../../credentials/seal.ts'
import type { BulkRow } from '../../db/queries/invite-bulks.ts'
import type { Bulk, BulkResults } from '../../schemas/bulk.ts'
import type { Services } from '../core/services.ts'
import { linkOf } from '../invites/serialize.ts'
import type { CsvRow } from './csv/candidates.ts'
import type { BulkOptions, BulkResult } from './rows.ts'

/** What became of a row, as kept: the token sealed, and only where it was not mailed. */
export type KeptResult = { row: number; email: string | null } & (
  | { status: 'invited'; inviteId: string; sealed: string | null }
  | { status: 'error'; error: { code: string; message: string } }
)

/** A file of candidates as kept. */
export type KeptBulk = BulkRow<CsvRow, KeptResult>

/** @param sealingKey 32 bytes */
export function keepResult(
  sealingKey: Buffer,
  bulkId: string,
  result: BulkResult,
  options: BulkOptions,
): KeptResult {
  if (result.status === 'error') return result
  const { row, email, status, inviteId, token } = result
  const sealed = options.sendEmail ? null : seal(sealingKey, bulkId, token).toString('base64')
  return { row, email, status, inviteId, sealed }
}

/** A file of candidates as the API shows it. */
export function serializeBulk(services: Pick<Services, 'encryptionKey' | 'publicUrl'>, bulk: KeptBulk): Bulk {
  const { id, campaignId, status, results, total, createdAt, completedAt } = bulk
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

/** Results of a file that was done at once. Tokens are shown where nobody got them by e-mail. */
export function serializeResults(
  services: Pick<Services, 'publicUrl'>,
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

function withToken<T extends object>(result: T, token: string, services: Pick<Services, 'publicUrl'>) {
  return { ...result, token, url: linkOf(services.publicUrl(), token) }
}
