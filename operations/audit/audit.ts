import { redactCredentials } from '../../credentials/format.ts'
import type { Queryable } from '../../db/connect.ts'
import { appendAudit } from '../../db/queries/audit.ts'
import { newId } from '../../schemas/ids.ts'
import type { Actor } from '../credentials/principals.ts'
import { canonicalJson } from './canonical.ts'

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

/**
 * Writes down what a transaction does, within that transaction: neither is there without the other. Call it last:
 * other writers of the same organization's log wait from here to the commit.
 * @param tx the transaction of the change, a tenant's or the system's
 */
export async function audit(tx: Queryable, context: AuditContext, event: AuditEvent): Promise<void> {
  const { userAgent } = context
  await appendAudit(tx, {
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
}

/** The context of a caller of the API. */
export function actorAuditContext(
  actor: Actor,
  origin: Pick<AuditContext, 'ip' | 'userAgent' | 'requestId'>,
): AuditContext {
  return {
    ...origin,
    organizationId: actor.organization.id,
    actorType: actor.type,
    userId: actor.user?.id ?? null,
    credentialId: actor.credential.id,
  }
}

/** The context of a job or of another thing that the server does by itself. */
export function systemContext(organizationId: string, actorType: AuditActorType = 'system'): AuditContext {
  return {
    organizationId,
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
