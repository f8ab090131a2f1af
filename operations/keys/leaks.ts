import { type EnvironmentName, environmentOfPrefix } from '../../config/environment.ts'
import { displayPrefix, type ParsedCredential, parseCredential } from '../../credentials/format.ts'
import { secretTag, sha256, verifySecret } from '../../credentials/secret.ts'
import { credentialTypes } from '../../credentials/types.ts'
import { findPresentedKeys, type PresentedKey } from '../../db/queries/keys.ts'
import { findLeakSetting, findRecentLeakReport, listOwnerEmails } from '../../db/queries/leaks.ts'
import { lockKeyStanding } from '../../db/queries/standing.ts'
import type { LeakFeedback, LeakReport } from '../../schemas/leaks.ts'
import { partnerContext } from '../audit/audit.ts'
import { type ChangeContext, change } from '../core/change.ts'
import type { Origin } from '../core/operation.ts'
import type { Services } from '../core/services.ts'
import { leakedKeyMail } from '../mail/key-messages.ts'
import { endAndReport } from './revoke.ts'

/** What the work on a report needs. */
export interface LeakTools {
  readonly services: Services
  /** Where the report comes from. */
  readonly origin: Origin
  /** Whether the owners are told by e-mail, where this server can send e-mail. */
  readonly mails: boolean
}

/** A key that was really found in public, with the report that said so. */
interface Leak {
  readonly key: PresentedKey
  readonly report: LeakReport
}

/**
 * Sees to a partner's report: a key that is really ours and still lives is revoked, or told of to the owners alone
 * where its organization wants that. A report that comes again does nothing again.
 * @returns the partner's feedback in the order of the report, once no instance accepts what was revoked
 */
export async function handleLeaks(tools: LeakTools, reports: readonly LeakReport[]): Promise<LeakFeedback[]> {
  const found = await findLeaked(tools, new Set(reports.map((report) => report.token)))
  const feedback = reports.map(({ token, type }) => ({
    token_hash: sha256(token).toString('hex'),
    token_type: type,
    label: found.has(token) ? ('true_positive' as const) : ('false_positive' as const),
  }))
  const byOrganization = new Map<string, Map<string, Leak>>()
  for (const report of reports) {
    const key = found.get(report.token)
    if (!key || key.revokedAt || (key.remainingMs !== null && key.remainingMs <= 0)) continue
    const leaks = byOrganization.get(key.organizationId) ?? new Map<string, Leak>()
    if (!leaks.has(key.id)) leaks.set(key.id, { key, report })
    byOrganization.set(key.organizationId, leaks)
  }
  for (const [organizationId, leaks] of byOrganization) {
    const target = {
      scope: 'tenant',
      organizationId,
      auditContext: partnerContext(tools.origin, tools.services.auditKey, organizationId),
    } as const
    await change(tools.services, target, (context) =>
      handleForOrganization(tools, context, organizationId, [...leaks.values()]),
    )
  }
  return feedback
}

async function handleForOrganization(
  tools: LeakTools,
  context: ChangeContext,
  organizationId: string,
  leaks: readonly Leak[],
): Promise<void> {
  const { tx } = context
  const { mailer, publicUrl } = tools.services
  const [organization] = await findLeakSetting(tx, organizationId)
  if (!organization) return
  const revokes = organization.leakedKeys === 'revoke'
  if (revokes) {
    for (const id of leaks.map(({ key }) => key.id).sort())
      await lockKeyStanding(tx, organizationId, id, 'exclusive')
  }
  for (const { key, report } of leaks) {
    if ((await findRecentLeakReport(tx, organizationId, key.id)).length > 0 && !revokes) continue
    const { url = null, source = null } = report
    if (revokes) {
      await endAndReport({ ...context, organizationId }, key.id, 'leaked')
    }
    const changes = { url, source, revoked: revokes }
    context.audit({ action: 'key.leaked', targetType: 'key', targetId: key.id, changes })
    if (!tools.mails || !mailer.possible) continue
    for (const { email } of await listOwnerEmails(tx, organizationId)) {
      const facts = {
        organization: organization.name,
        name: key.name,
        prefix: key.prefix,
        url,
        revoked: revokes,
      }
      await mailer.send(tx, leakedKeyMail(email, facts, publicUrl()))
    }
  }
}

// Text first, then one look-up for all, and bcrypt last: of invented tokens none gets that far.
async function findLeaked(
  { services: { database, config } }: LeakTools,
  tokens: ReadonlySet<string>,
): Promise<Map<string, PresentedKey>> {
  const parsed = new Map<string, ParsedCredential>()
  for (const token of tokens) {
    const credential = parseCredential(token)
    if (credential && canBeOurs(credential, config.environment.name)) parsed.set(token, credential)
  }
  const found = new Map<string, PresentedKey>()
  if (parsed.size === 0) return found
  const publicIds = [...parsed.values()].map(({ publicId }) => publicId)
  const rows = new Map((await findPresentedKeys(database, publicIds)).map((row) => [row.publicId, row]))
  for (const [token, credential] of parsed) {
    const row = rows.get(credential.publicId)
    if (!row || row.prefix !== displayPrefix(credential)) continue
    if (secretTag(credential.secret) !== row.secretTag) continue
    if (await verifySecret(credential.secret, row.secretHash)) found.set(token, row)
  }
  return found
}

function canBeOurs({ kind, prefix }: ParsedCredential, environment: EnvironmentName): boolean {
  return credentialTypes[kind].whenLeaked === 'end' && environmentOfPrefix(prefix) === environment
}
