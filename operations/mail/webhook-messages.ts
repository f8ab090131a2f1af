import { compose, type Mail } from './compose.ts'

const DISABLED_AFTER_DAYS = 5
const DAY_MS = 86_400_000

/** What a message about a failing endpoint tells. */
export interface FailingFacts {
  readonly organization: string
  /** Without its query string. */
  readonly url: string
  readonly failingSince: Date
  /** The organization's time. */
  readonly now: Date
}

/**
 * Tells an owner that an endpoint is about to be disabled.
 * @param to one bare address
 */
export function webhookFailingMail(to: string, facts: FailingFacts, publicUrl: string): Mail {
  const { organization, url, failingSince, now } = facts
  const end = new Date(
    Math.max(failingSince.getTime() + DISABLED_AFTER_DAYS * DAY_MS, now.getTime() + DAY_MS),
  )
  return compose('notice', to, {
    subject: `A webhook of ${organization} keeps failing`,
    paragraphs: [
      `Nothing that ${organization} sent to ${url} has arrived since ${failingSince.toISOString()}.`,
      `If that goes on, the webhook will be disabled on ${end.toISOString().slice(0, 10)} (UTC). One delivery that is answered with 2xx is enough to keep it.`,
    ],
    link: { label: 'Its deliveries, and what the receiver answered', url: `${publicUrl}/dashboard` },
    footer: 'You get this as an owner of the organization.',
  })
}

/**
 * Tells an owner that an endpoint was disabled.
 * @param to one bare address
 */
export function webhookDisabledMail(
  to: string,
  facts: { organization: string; url: string; reason: 'gone' | 'failing' },
  publicUrl: string,
): Mail {
  const { organization, url, reason } = facts
  return compose('notice', to, {
    subject: `A webhook of ${organization} was disabled`,
    paragraphs: [
      reason === 'gone'
        ? `The receiver at ${url} answered 410 Gone: it wants nothing more from ${organization}, and gets nothing more.`
        : `Nothing that ${organization} sent to ${url} has arrived for five days. It gets nothing more.`,
      'What waits for it is kept: enable the webhook once its receiver is well, and send what has failed again.',
    ],
    link: { label: 'Enable it again', url: `${publicUrl}/dashboard` },
    footer: 'You get this as an owner of the organization.',
  })
}
