import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { takeMailAllowance } from '../../db/queries/mail-allowances.ts'
import { ApiError } from '../../schemas/errors.ts'
import { type MailKind, policyOf } from './kinds.ts'

/**
 * Takes a message from the allowance of its mailbox and of its sender, in the transaction that causes it: what fails
 * costs nothing, and of two at once one waits for the other.
 * @param sender the id of the organization or person that causes the message; null where the server does
 * @returns false where the message is left out, because the mailbox has had enough of its kind
 * @throws ApiError 429 with the seconds to wait
 */
export async function takeAllowance(
  tx: Queryable,
  kind: MailKind,
  to: string,
  sender: string | null,
): Promise<boolean> {
  const { mailbox, sender: bySender, whenFull } = policyOf(kind)
  if (bySender) {
    if (sender === null) throw new Error(`a message of the kind ${kind} names its sender`)
    const [own] = await takeMailAllowance(
      tx,
      sha256(`sender ${kind} ${sender}`),
      bySender.atOnce,
      bySender.secondsEach,
    )
    if (own && own.wait > 0) throw tooMuchMail('You have sent', own.wait)
  }
  const bucket = sha256(`mailbox ${kind} ${mailboxOf(to)}`)
  const [theirs] = await takeMailAllowance(tx, bucket, mailbox.atOnce, mailbox.secondsEach)
  if (!theirs || theirs.wait === 0) return true
  if (whenFull === 'refuse') throw tooMuchMail('This address got', theirs.wait)
  return false
}

/**
 * The mailbox behind an address. Large providers deliver `ada+anything` to `ada`, so that a sender could address one
 * mailbox in many ways.
 */
export function mailboxOf(address: string): string {
  const [local = '', domain = ''] = address.toLowerCase().split(/@(?=[^@]*$)/)
  return `${local.replace(/\+.*$/, '') || local}@${domain}`
}

function tooMuchMail(who: string, wait: number): ApiError {
  const seconds = Math.ceil(wait)
  return new ApiError('RATE_LIMITED', `${who} too many e-mails: try again in ${seconds} s`, {
    reason: 'mail_limit',
    headers: { 'retry-after': String(seconds) },
  })
}
