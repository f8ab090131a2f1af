/** A token bucket: so many messages at once, then one each time. */
export interface Allowance {
  readonly atOnce: number
  /** Seconds until one more message may be sent. */
  readonly secondsEach: number
}

/** How a kind of message is limited. */
interface MailPolicy {
  /** For each mailbox. Kinds have buckets of their own: invitations by a stranger do not use up password resets. */
  readonly mailbox: Allowance
  /** For whoever causes the messages; null where the server itself does. */
  readonly sender: Allowance | null
  /** What happens when the mailbox is full: the operation is refused, or the message is left out. */
  readonly whenFull: 'refuse' | 'leave out'
}

const MINUTE = 60
const HOUR = 3600

/** Every kind of message. A new message has to name its kind, so that none is without a limit. */
const policies = {
  /** Asks somebody to join an organization. */
  invitation: {
    mailbox: { atOnce: 12, secondsEach: HOUR },
    sender: { atOnce: 50, secondsEach: 5 * MINUTE },
    whenFull: 'refuse',
  },
  /** Asks a candidate to an interview. A file of candidates has to pass at once. */
  invite: {
    mailbox: { atOnce: 12, secondsEach: HOUR },
    sender: { atOnce: 10_000, secondsEach: 10 },
    whenFull: 'refuse',
  },
  /** Asks a mailbox whether it becomes somebody's address. Whether it is full must not tell who has an account. */
  email_change: {
    mailbox: { atOnce: 5, secondsEach: HOUR },
    sender: { atOnce: 10, secondsEach: 10 * MINUTE },
    whenFull: 'leave out',
  },
  password_reset: {
    mailbox: { atOnce: 5, secondsEach: 10 * MINUTE },
    sender: null,
    whenFull: 'leave out',
  },
  /** Tells somebody what happened to what is theirs. Nothing that happened is undone for a full mailbox. */
  notice: { mailbox: { atOnce: 60, secondsEach: MINUTE }, sender: null, whenFull: 'leave out' },
} as const satisfies Record<string, MailPolicy>

export type MailKind = keyof typeof policies

/** How a kind of message is limited. */
export function policyOf(kind: MailKind): MailPolicy {
  return policies[kind]
}
