import { type EncryptionKey, everyKey } from '../../credentials/encryption-key.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import type { Database } from '../../db/connect.ts'
import { authenticateHead, listAuditHeads } from '../../db/queries/audit.ts'
import {
  listSealedBulks,
  replaceBulkResults,
  type SealedBulk,
  type SealedKind,
  sealedJobs,
  sealedKinds,
} from '../../db/queries/sealed.ts'
import { type Anchoring, makeAnchor } from '../audit/anchors/make.ts'
import { AuditKey } from '../audit/key.ts'
import type { KeptResult } from '../invite-bulks/kept.ts'

const BATCH = 100

/** How many values of a kind the keys open. */
export interface SealedCount {
  /** With the current key, before anything was done. */
  current: number
  /** With the key before. */
  previous: number
  /** With neither. */
  unreadable: number
}

/** What was found, by kind. */
export type SealedCounts = Record<string, SealedCount>

/**
 * Looks through everything that is sealed or authenticated with the encryption key, and seals anew with the current key
 * what the previous one sealed. It reads and writes in small batches, beside running servers, and may be broken off and
 * called again.
 * @param write false: it counts, and changes nothing
 */
export async function resealAll(
  { database, ...anchoring }: Anchoring,
  key: EncryptionKey,
  schema: string,
  write: boolean,
): Promise<SealedCounts> {
  const counts: SealedCounts = {}
  const kinds = [
    ...sealedKinds,
    sealedJobs(schema, 'mail', 'mail', 'waitingMail'),
    sealedJobs(schema, 'mail_failed', 'mail', 'failedMail'),
    sealedJobs(schema, 'password_reset', 'password reset', 'waitingResets'),
  ]
  for (const kind of kinds) counts[kind.name] = await resealKind(database, key, kind, write)
  counts.bulkInvites = await resealBulks(database, key, write)
  counts.auditHeads = await authenticateHeads(database, key, write)
  // From here on no anchor of the previous key is read.
  if (write && counts.auditHeads.previous > 0) await makeAnchor({ database, ...anchoring }, { whole: true })
  return counts
}

async function resealKind(
  database: Database,
  key: EncryptionKey,
  kind: SealedKind,
  write: boolean,
): Promise<SealedCount> {
  const count = none()
  for (let after: readonly string[] = []; ; ) {
    const rows = await kind.list(database, after, BATCH)
    for (const row of rows) {
      const resealed = reseal(key, row.context, row.sealed, count)
      // One that is another one by now was sealed by a process that knows the current key.
      if (write && resealed) await kind.replace(database, row, resealed)
    }
    const last = rows.at(-1)
    if (!last || rows.length < BATCH) return count
    after = last.place
  }
}

/** @returns the value sealed with the current key, where the previous one sealed it; else null */
function reseal(key: EncryptionKey, context: string, sealed: Buffer, count: SealedCount): Buffer | null {
  const [current, previous] = everyKey(key).map((one) => open(one, context, sealed))
  if (current !== null && current !== undefined) count.current += 1
  else if (previous !== null && previous !== undefined) {
    count.previous += 1
    return seal(key, context, previous)
  } else count.unreadable += 1
  return null
}

function open(key: Buffer, context: string, sealed: Buffer): string | null {
  try {
    return unseal(Buffer.from(key), context, sealed)
  } catch {
    return null
  }
}

async function resealBulks(database: Database, key: EncryptionKey, write: boolean): Promise<SealedCount> {
  const count = none()
  for (let after: readonly string[] = []; ; ) {
    const bulks = await listSealedBulks<KeptResult>(database, after, BATCH)
    for (const bulk of bulks) await resealBulk(database, key, bulk, count, write)
    const last = bulks.at(-1)
    if (!last || bulks.length < BATCH) return count
    after = [last.organizationId, last.id]
  }
}

async function resealBulk(
  database: Database,
  key: EncryptionKey,
  bulk: SealedBulk<KeptResult>,
  count: SealedCount,
  write: boolean,
): Promise<void> {
  const before = count.previous
  const results = bulk.results.map((result) => {
    if (result.status !== 'invited' || result.sealed === null) return result
    const resealed = reseal(key, bulk.id, Buffer.from(result.sealed, 'base64'), count)
    return resealed ? { ...result, sealed: resealed.toString('base64') } : result
  })
  if (write && count.previous > before) await replaceBulkResults(database, bulk, results)
}

/** The ends of the audit chains that the server has vouched for with the previous key. */
async function authenticateHeads(
  database: Database,
  key: EncryptionKey,
  write: boolean,
): Promise<SealedCount> {
  const count = none()
  const [current, previous] = everyKey(key).map((one) => new AuditKey(Buffer.from(one))) as [
    AuditKey,
    AuditKey?,
  ]
  for (const { organizationId, sequence, hash, mac, anchor } of await listAuditHeads(database, null)) {
    const head = { sequence, hash: hash.toString('hex') }
    if (current.isMacOfHead(mac, organizationId, head, anchor)) count.current += 1
    else if (previous?.isMacOfHead(mac, organizationId, head, anchor)) {
      count.previous += 1
      const vouched = {
        organizationId,
        sequence,
        anchor,
        mac: current.macOfHead(organizationId, head, anchor),
      }
      // Nothing happens where the chain has gone on: that end has the current key's word.
      if (write) await authenticateHead(database, vouched)
    } else count.unreadable += 1
  }
  return count
}

function none(): SealedCount {
  return { current: 0, previous: 0, unreadable: 0 }
}

/** How many values of all kinds the previous key alone opens. */
export function leftToReseal(counts: SealedCounts): number {
  return Object.values(counts).reduce((sum, { previous }) => sum + previous, 0)
}
