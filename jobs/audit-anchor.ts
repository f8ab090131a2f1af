import { makeAnchor } from '../operations/audit/anchors/make.ts'
import { AnchorStore } from '../operations/audit/anchors/store.ts'
import { AuditKey } from '../operations/audit/key.ts'
import type { Work, WorkContext } from './work.ts'

/** What happens to a chain between two anchors is seen by its authenticated end alone. */
export const AUDIT_ANCHOR_CRON = '*/5 * * * *'

/** Keeps the ends of the audit chains in the storage, out of reach of whoever holds the database alone. */
export const auditAnchor: Work = (context) => anchorAudit(context)

/** The same, for a worker that stops. */
export async function anchorAudit({
  config,
  database,
  files,
  encryptionKey,
  log,
}: WorkContext): Promise<void> {
  const store = new AnchorStore(files.storage, config.environment)
  const { suspicious, problems } = await makeAnchor({ database, store, key: new AuditKey(encryptionKey) })
  for (const organizationId of suspicious) {
    log.error({ organizationId }, 'the audit chain was tampered with: run anteroom audit verify')
  }
  for (const problem of problems) log.error({ problem }, 'audit anchors were tampered with')
}
