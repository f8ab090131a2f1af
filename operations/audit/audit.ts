import { redactCredentials } from '../../credentials/format.ts'
import type { Queryable } from '../../db/connect.ts'
import { type AppendedAudit, appendAudit, authenticateHead } from '../../db/queries/audit.ts'
import { newId } from '../../schemas/ids.ts'
import type { Actor } from '../credentials/principals.ts'
import { canonicalJson } from './canonical.ts'
import type { ChainHead } from './chain.ts'
import type { AuditKey } from './key.ts'

/** Who acts: a credential of the API, someone without one (a sign-up), a partner, the operator or a job. */
export type AuditActorType =
  | 'api_key'
  | 'api_key+user'
  | 'user'
  | 'session'
  | 'oauth'
  | 'interview'
  | 'anonymous'
  | 'partner'
  | 'operator'
  | 'system'

/** Who acts in which organization, and from where. Ids alone: names and addresses of people stay out of the chain. */
export interface AuditContext {
  readonly organizationId: string
  readonly actorType: AuditActorType
  readonly userId: string | null
  readonly credentialId: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  /** Authenticates the end of the chain. */
  readonly key: AuditKey
}

/** What was done. */
export interface AuditEvent {
  /** Noun and past participle, e.g. `key.created`, `member.removed`. */
  readonly action: string
  /** The noun of what it was done to, e.g. `key`, `member`, `organization`. */
  readonly targetType: string
  readonly targetId: string | null
  /** What is different now: JSON without secrets, e-mail addresses and names of people. */
  readonly changes?: Readonly<Record<string, unknown>>
}

const LONGEST_AGENT = 300

/** The first record of every chain. */
export const ORGANIZATION_CREATED = 'organization.created'

/**
 * Records what a transaction does, within that transaction: neither is there without the other. Call it last: other
 * writers of the same organization's log wait from here to the commit.
 * @param tx the transaction of the change, a tenant's or the system's
 */
export function audit(tx: Queryable, context: AuditContext, entry: AuditEvent): Promise<void> {
  return auditAll(tx, [{ context, entry }])
}

/**
 * Records everything that a transaction does. The records are sent at once; the logs of several organizations are
 * locked in one order, so that two transactions cannot deadlock.
 */
export async function auditAll(
  tx: Queryable,
  records: readonly { context: AuditContext; entry: AuditEvent }[],
): Promise<void> {
  const logs = Map.groupBy(records, ({ context }) => context.organizationId)
  const ordered = [...logs.entries()].sort(([one], [other]) => (one < other ? -1 : 1))
  await Promise.all(
    ordered.map(async ([, log]) => {
      const appended = await Promise.all(log.map(({ context, entry }) => append(tx, context, entry)))
      const [first, { context, entry }] = [appended[0], log[0]] as [AppendedAudit, (typeof log)[number]]
      if (continues(context, entry, first)) await vouch(tx, context, appended.at(-1) as AppendedAudit)
    }),
  )
}

/**
 * The same, and authenticates the new end whatever stood before it: for an operator who has looked into it, and for
 * chains that are older than the authentication.
 * @returns the new end
 */
export async function auditRegardless(
  tx: Queryable,
  context: AuditContext,
  event: AuditEvent,
): Promise<ChainHead> {
  const appended = await append(tx, context, event)
  await vouch(tx, context, appended)
  return headOf(appended)
}

async function append(tx: Queryable, context: AuditContext, event: AuditEvent): Promise<AppendedAudit> {
  const { userAgent } = context
  const [appended] = await appendAudit(tx, {
    organizationId: context.organizationId,
    id: newId('aud'),
    actorType: context.actorType,
    userId: context.userId,
    credentialId: context.credentialId,
    action: event.action,
    targetType: event.targetType,
    targetId: event.targetId,
    ip: context.ip,
    userAgent:
      userAgent === null ? null : redactCredentials(userAgent.slice(0, LONGEST_AGENT).toWellFormed()),
    requestId: context.requestId,
    changes: redactCredentials(canonicalJson(event.changes ?? {})),
  })
  return appended as AppendedAudit
}

// An end that the server did not make itself stays unauthenticated, however much comes after it: to authenticate what
// stands on a forgery would hide the forgery.
function continues(
  { key, organizationId }: AuditContext,
  { action }: AuditEvent,
  { sequence, beforeHash, beforeMac, beforeAnchor }: AppendedAudit,
): boolean {
  if (sequence === 1) return action === ORGANIZATION_CREATED
  const before = { sequence: sequence - 1, hash: beforeHash.toString('hex') }
  return key.isMacOfHead(beforeMac, organizationId, before, beforeAnchor)
}

async function vouch(tx: Queryable, context: AuditContext, appended: AppendedAudit): Promise<void> {
  const { organizationId, key } = context
  const { sequence, newestAnchor: anchor } = appended
  const mac = key.macOfHead(organizationId, headOf(appended), anchor)
  await authenticateHead(tx, { organizationId, sequence, anchor, mac })
}

function headOf({ sequence, hash }: AppendedAudit): ChainHead {
  return { sequence, hash: hash.toString('hex') }
}

type AuditOrigin = Pick<AuditContext, 'ip' | 'userAgent' | 'requestId'>

/** The context of a caller of the API. */
export function actorAuditContext(
  actor: Actor,
  { ip, userAgent, requestId }: AuditOrigin,
  key: AuditKey,
): AuditContext {
  if (actor.type === 'operator') return systemContext(actor.organization.id, key, 'operator')
  return {
    ip,
    userAgent,
    requestId,
    key,
    organizationId: actor.organization.id,
    actorType: actor.type,
    userId: actor.user?.id ?? null,
    credentialId: actor.credential.id,
  }
}

/** The context of a public operation (a sign-up, a mailed link), for the user that it turned out to be about. */
export function anonymousContext(
  { ip, userAgent, requestId }: AuditOrigin,
  key: AuditKey,
  userId: string,
): Omit<AuditContext, 'organizationId'> {
  return { ip, userAgent, requestId, key, actorType: 'anonymous', userId, credentialId: null }
}

/** The context of what a secret-scanning partner reported about an organization. */
export function partnerContext(
  { ip, userAgent, requestId }: AuditOrigin,
  key: AuditKey,
  organizationId: string,
): AuditContext {
  return {
    ip,
    userAgent,
    requestId,
    key,
    organizationId,
    actorType: 'partner',
    userId: null,
    credentialId: null,
  }
}

/** The context of a job or of another thing that the server does by itself. */
export function systemContext(
  organizationId: string,
  key: AuditKey,
  actorType: AuditActorType = 'system',
): AuditContext {
  return {
    organizationId,
    key,
    actorType,
    userId: null,
    credentialId: null,
    ip: null,
    userAgent: null,
    requestId: null,
  }
}

/** The fields that differ, each with what it was and what it is: for `changes`. */
export function changesBetween<T extends object>(
  before: T,
  after: Partial<T>,
): Record<string, { from: unknown; to: unknown }> {
  const changes: Record<string, { from: unknown; to: unknown }> = {}
  for (const [field, to] of Object.entries(after)) {
    const from = before[field as keyof T]
    if (canonicalJson(from) !== canonicalJson(to)) changes[field] = { from, to }
  }
  return changes
}
