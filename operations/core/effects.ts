import type { Environment } from '../../config/environment.ts'
import { announceChange } from '../../db/changes.ts'
import type { Queryable } from '../../db/connect.ts'
import type { EventType } from '../../schemas/events.ts'
import { newId } from '../../schemas/ids.ts'
import { type AuditContext, type AuditEvent, auditAll } from '../audit/audit.ts'
import { type Emission, writeEvent } from '../events/emit.ts'

/** How an operation reports what happened. It may call these in any order: the runner flushes them in the right one. */
export interface Reporting {
  /**
   * Tells the organization's webhooks and streams, if the transaction commits.
   * @param data the object as the API shows it; never a secret
   * @param to a webhook that gets the event whatever it subscribed to; unset: every webhook that wants it
   * @returns the ids of the event and, with `to`, of its delivery
   */
  emit(type: EventType, data: object, to?: { webhookId: string }): { eventId: string; deliveryId: string }
  /** Adds a record to the audit log of the organization, or of the one that `context` names. */
  audit(entry: AuditEvent, context?: AuditContext): void
  /**
   * Has every instance drop what it cached under the tag before the caller is answered.
   * @param tag `key:<id>`, `session:<id>`, `user:<id>` or `organization:<id>`
   */
  invalidate(tag: string): void
  /** Reports for another organization in the same transaction. */
  within(organizationId: string, auditContext: AuditContext): Reporting
  /** Runs once the transaction has committed. A failure is logged and changes nothing. */
  afterCommit(work: () => unknown): void
}

/** Who acts and where, for what is reported without naming an organization. */
export interface Reporter {
  readonly organizationId: string | null
  readonly auditContext: AuditContext | null
}

/**
 * Collects what an operation reports, and writes it in one fixed order. The order follows the locks: events take none,
 * the audit log is locked per organization until the commit, and announcements are locked per tag and come last, so
 * that the ids of a tag's changes are in the order of their commits (docs/revocation.md).
 */
export class Effects {
  readonly #events: Emission[] = []
  readonly #audits: { entry: AuditEvent; context: AuditContext }[] = []
  readonly #tags = new Set<string>()
  readonly #afterCommit: (() => unknown)[] = []

  /** What was invalidated, in the order in which it is announced. */
  get tags(): string[] {
    return [...this.#tags].sort()
  }

  /** What reports for somebody. The functions need no receiver: an operation takes them out of its context. */
  for(reporter: Reporter): Reporting {
    return {
      emit: (type, data, to) => this.#emit(reporter, type, data, to),
      audit: (entry, context = reporter.auditContext ?? undefined) => this.#audit(entry, context),
      invalidate: (tag) => this.#tags.add(tag),
      within: (organizationId, auditContext) => this.for({ organizationId, auditContext }),
      afterCommit: (work) => this.#afterCommit.push(work),
    }
  }

  #emit(
    { organizationId }: Reporter,
    type: EventType,
    data: object,
    to?: { webhookId: string },
  ): { eventId: string; deliveryId: string } {
    if (organizationId === null) throw new Error(`the event ${type} belongs to no organization`)
    const eventId = newId('evt')
    const deliveryId = newId('dlv')
    const target = to ? { target: { id: deliveryId, webhookId: to.webhookId } } : {}
    this.#events.push({ organizationId, id: eventId, type, data, ...target })
    return { eventId, deliveryId }
  }

  #audit(entry: AuditEvent, context: AuditContext | undefined): void {
    if (context === undefined) throw new Error(`the audit record ${entry.action} names nobody who acts`)
    this.#audits.push({ entry, context })
  }

  /** Writes events, then audit records, then announcements. The last step of a transaction. */
  async flush(tx: Queryable, environment: Environment): Promise<void> {
    for (const event of this.#events) await writeEvent(tx, event)
    await Promise.all([
      auditAll(tx, this.#audits),
      ...this.tags.map((tag) => announceChange(tx, environment, tag)),
    ])
  }

  /** Runs what waits for the commit. */
  async committed(onError: (error: unknown) => void): Promise<void> {
    for (const work of this.#afterCommit) {
      try {
        await work()
      } catch (error) {
        onError(error)
      }
    }
  }
}
