import type { Database } from '../../db/connect.ts'
import { markExpiring, markRotationDue } from '../../db/queries/key-age.ts'
import { audit, systemContext } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { emit } from '../events/emit.ts'
import { serializeKey } from './serialize.ts'

const BATCH = 100

/**
 * Tells, once for each, of keys that are older than 90 days and of keys that expire within seven days. Any number of
 * processes may do so at once.
 * @param database in the system role
 * @param organizationId null: of all organizations
 * @returns how many keys were told of
 */
export async function tellKeyAges(
  database: Database,
  auditKey: AuditKey,
  organizationId: string | null = null,
): Promise<{ rotationDue: number; expiring: number }> {
  const rotationDue = await inBatches(() =>
    database.begin(async (tx) => {
      const rows = await markRotationDue(tx, organizationId, BATCH)
      for (const { organizationId: owner, id, createdAt } of rows) {
        await audit(tx, systemContext(owner, auditKey), {
          action: 'key.rotation_due',
          targetType: 'key',
          targetId: id,
          changes: { createdAt },
        })
      }
      return rows.length
    }),
  )
  const expiring = await inBatches(() =>
    database.begin(async (tx) => {
      const rows = await markExpiring(tx, organizationId, BATCH)
      for (const row of rows) {
        await emit(tx, row.organizationId, 'key.expiring', serializeKey(row))
        await audit(tx, systemContext(row.organizationId, auditKey), {
          action: 'key.expiring',
          targetType: 'key',
          targetId: row.id,
          changes: { expiresAt: row.expiresAt },
        })
      }
      return rows.length
    }),
  )
  return { rotationDue, expiring }
}

async function inBatches(tell: () => Promise<number>): Promise<number> {
  let told = 0
  for (;;) {
    const count = await tell()
    told += count
    if (count < BATCH) return told
  }
}
