import type { Database } from '../../db/connect.ts'
import { listAuditedOrganizations, listAuditHeads, readAudit } from '../../db/queries/audit.ts'
import { type Anchoring, makeAnchor } from './anchors/make.ts'
import { auditRegardless, systemContext } from './audit.ts'
import { ChainCheck, type ChainHead, chainRecord } from './chain.ts'
import type { AuditKey } from './key.ts'
import { authenticatedHead } from './verify.ts'

/**
 * Accepts a chain as it is now: records that in the chain, authenticates its new end, and anchors it whatever earlier
 * anchors say. For an operator who knows why the end is another one: a restored backup, a new ENCRYPTION_KEY.
 * @returns the new end
 */
export async function acceptChain(
  anchoring: Anchoring,
  organizationId: string,
  reason: string,
): Promise<ChainHead> {
  const context = systemContext(organizationId, anchoring.key, 'operator')
  const head = (await anchoring.database.begin((tx) =>
    auditRegardless(tx, context, {
      action: 'audit.accepted',
      targetType: 'organization',
      targetId: organizationId,
      changes: { reason },
    }),
  )) as ChainHead
  await makeAnchor(anchoring, { heads: [{ organizationId, ...head, accepted: true }] })
  return head
}

/** Accepts that anchors are missing or were changed: the next one names every chain and no problem. */
export async function acceptAnchors(anchoring: Anchoring, reason: string): Promise<void> {
  await makeAnchor(anchoring, { problems: reason })
}

/** The migration that brought the authentication. */
const AUTHENTICATED_SINCE = '0018_audit_heads'

/** Does what a migration leaves to the server, which alone holds the key. @param applied as `migrate` gives them */
export async function afterMigration(
  applied: readonly string[],
  database: Database,
  key: AuditKey,
): Promise<void> {
  if (applied.includes(AUTHENTICATED_SINCE)) await startAuthentication(database, key)
}

/**
 * Authenticates the chains of a database that is older than the authentication, and begins one for each organization
 * that has none. A chain in which something is wrong is left as it is, for `anteroom audit verify` to tell of.
 */
async function startAuthentication(database: Database, key: AuditKey): Promise<void> {
  const heads = new Map((await listAuditHeads(database, null)).map((head) => [head.organizationId, head]))
  for (const { organizationId } of await listAuditedOrganizations(database, null)) {
    const head = heads.get(organizationId)
    if (head?.mac) continue
    const check = new ChainCheck(organizationId)
    for await (const rows of readAudit(database, organizationId)) {
      for (const row of rows) check.add(chainRecord(row))
    }
    if (head) check.end(authenticatedHead(head))
    if (check.problems.length > 0 || (!head && check.head.sequence > 0)) continue
    await database.begin((tx) =>
      auditRegardless(tx, systemContext(organizationId, key), {
        action: 'audit.started',
        targetType: 'organization',
        targetId: organizationId,
      }),
    )
  }
}
