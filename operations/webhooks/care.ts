import type { Queryable } from '../../db/connect.ts'
import { listOwnerEmails } from '../../db/queries/leaks.ts'
import {
  type Failing,
  findOrganizationName,
  findWebhook,
  markWarned,
  setDisabled,
} from '../../db/queries/webhooks.ts'
import { audit, systemContext } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import type { Mail } from '../mail/compose.ts'
import type { Mailer } from '../mail/mailer.ts'
import { webhookDisabledMail, webhookFailingMail } from '../mail/webhook-messages.ts'

/** Sees to endpoints that fail: tells their owners, and disables them. */
export class EndpointCare {
  readonly #auditKey: AuditKey
  readonly #mailer: Mailer
  readonly #publicUrl: () => string

  constructor(mailer: Mailer, publicUrl: () => string, auditKey: AuditKey) {
    this.#auditKey = auditKey
    this.#mailer = mailer
    this.#publicUrl = publicUrl
  }

  /** Warns of an endpoint that has failed for four days, and disables one that has for five. */
  async tellOfFailing(tx: Queryable, failing: Failing): Promise<void> {
    const { organizationId, id, url, failingSince, now } = failing
    if (failing.disable) return this.disable(tx, organizationId, id, 'failing')
    await markWarned(tx, organizationId, id)
    await this.#tellOwners(tx, organizationId, (to, organization) =>
      webhookFailingMail(to, { organization, url: withoutQuery(url), failingSince, now }, this.#publicUrl()),
    )
  }

  /** Disables an endpoint and tells its owners why; one that is disabled already stays as it is. */
  async disable(
    tx: Queryable,
    organizationId: string,
    id: string,
    reason: 'gone' | 'failing',
  ): Promise<void> {
    const [webhook] = await findWebhook(tx, organizationId, id)
    if (!webhook || webhook.disabledAt) return
    await setDisabled(tx, organizationId, id, reason)
    await this.#tellOwners(tx, organizationId, (to, organization) =>
      webhookDisabledMail(to, { organization, url: withoutQuery(webhook.url), reason }, this.#publicUrl()),
    )
    await audit(tx, systemContext(organizationId, this.#auditKey), {
      action: 'webhook.disabled',
      targetType: 'webhook',
      targetId: id,
      changes: { reason },
    })
  }

  async #tellOwners(
    tx: Queryable,
    organizationId: string,
    write: (to: string, organization: string) => Mail,
  ): Promise<void> {
    if (!this.#mailer.possible) return
    const [organization] = await findOrganizationName(tx, organizationId)
    for (const { email } of await listOwnerEmails(tx, organizationId)) {
      await this.#mailer.send(tx, write(email, organization?.name ?? ''))
    }
  }
}

/** A query string may hold what lets its bearer in: it stays out of mail and logs. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
