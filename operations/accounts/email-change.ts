import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChanges } from '../../db/changes.ts'
import { findUserByEmail, listMemberships } from '../../db/queries/accounts.ts'
import {
  confirmEmailChange,
  deleteEmailChange,
  findEmailChange,
  keepEmailChange,
  updateEmail,
} from '../../db/queries/email-changes.ts'
import { deletePasswordResets } from '../../db/queries/password-resets.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import type { EmailChange } from '../../schemas/me.ts'
import type { AuditContext } from '../audit/audit.ts'
import { confirmPassword } from '../authentication/confirm.ts'
import type { Authentication } from '../authentication/context.ts'
import type { Person } from '../authentication/person.ts'
import {
  addressChangedMail,
  addressInUseMail,
  newAddressMail,
  oldAddressMail,
} from '../mail/account-messages.ts'
import type { Mailer } from '../mail/mailer.ts'
import { auditEverywhere } from './audit-everywhere.ts'
import { requireSession } from './session-standing.ts'

const HOURS = 24

/**
 * Begins a change of e-mail address: a link goes to both addresses, and nothing changes until both were opened. A thief
 * with a session, and even the password, does not take the account with it.
 * The answer does not tell whether the new address has an account. If it has one, its owner is told instead of sent a
 * link, so the change never completes.
 * @throws ApiError 400 for the address that the user has; 401 for a wrong password; 503 where the server sends no e-mail
 */
export async function beginEmailChange(
  accounts: Authentication,
  mailer: Mailer,
  publicUrl: string,
  person: Person,
  body: { email: string; password: string },
): Promise<EmailChange> {
  mailer.requireMail()
  await confirmPassword(accounts, person, body.password)
  const newEmail = body.email.toLowerCase()
  return accounts.database.begin(async (tx) => {
    const [user] = await lockUser(tx, person.userId)
    if (!user) throw notFound('User')
    await requireSession(tx, person)
    if (newEmail === user.email) throw badRequest('body.email', 'is the address that you have')
    const [owner] = await findUserByEmail(tx, newEmail)
    const tokens = { new: generateCredential('mt_').text, old: generateCredential('mt_').text }
    await keepEmailChange(tx, {
      userId: user.id,
      newEmail,
      newHash: sha256(tokens.new),
      oldHash: sha256(tokens.old),
      seconds: HOURS * 3600,
    })
    await mailer.send(
      tx,
      owner
        ? addressInUseMail(newEmail, { publicUrl })
        : newAddressMail(newEmail, { publicUrl, token: tokens.new, hours: HOURS }),
    )
    await mailer.send(
      tx,
      oldAddressMail(user.email, { publicUrl, token: tokens.old, hours: HOURS, newEmail }),
    )
    return { email: user.email, pendingEmail: newEmail, confirmed: { current: false, new: false } }
  }) as Promise<EmailChange>
}

/**
 * Takes the consent of one address. With the second one the address is changed.
 * @param contextOf who acts, for the log of each organization of the user
 * @returns the state, and the tags to settle
 * @throws ApiError 401 for a token that is unknown, used up or expired; 409 where the address has become somebody's
 */
export async function confirmEmail(
  accounts: Authentication,
  mailer: Mailer,
  token: string,
  contextOf: (organizationId: string, userId: string) => AuditContext,
): Promise<{ change: EmailChange; tags: string[] }> {
  if (parseCredential(token)?.kind !== 'mailedToken') throw invalidToken()
  return accounts.database.begin(async (tx) => {
    const hash = sha256(token)
    const [found] = await findEmailChange(tx, hash)
    const [user] = found ? await lockUser(tx, found.userId) : []
    const [row] = user ? await confirmEmailChange(tx, user.id, hash) : []
    if (!row || !user) throw invalidToken()
    const confirmed = { current: row.oldConfirmedAt !== null, new: row.newConfirmedAt !== null }
    if (!confirmed.current || !confirmed.new) {
      return { change: { email: user.email, pendingEmail: row.newEmail, confirmed }, tags: [] }
    }
    const [changed] = await updateEmail(tx, user.id, row.newEmail)
    if (!changed) throw taken()
    await deleteEmailChange(tx, user.id)
    // A link to a new password that waits in the old mailbox is not the new one's.
    await deletePasswordResets(tx, user.id)
    if (mailer.possible) await mailer.send(tx, addressChangedMail(user.email, { newEmail: row.newEmail }))
    const memberships = await listMemberships(tx, user.id)
    await auditEverywhere(tx, memberships, (organizationId) => contextOf(organizationId, user.id), {
      action: 'user.email_changed',
      targetType: 'user',
      targetId: user.id,
    })
    const tag = `user:${user.id}`
    await announceChanges(tx, accounts.config.environment, [tag])
    return { change: { email: row.newEmail, pendingEmail: null, confirmed }, tags: [tag] }
  }) as Promise<{ change: EmailChange; tags: string[] }>
}

/** @throws ApiError 404 where no change waits */
export async function cancelEmailChange(accounts: Authentication, person: Person): Promise<void> {
  const [deleted] = await deleteEmailChange(accounts.database, person.userId)
  if (!deleted) throw notFound('Change of e-mail address')
}

function taken(): ApiError {
  return new ApiError('CONFLICT', 'A user with this e-mail address exists already', { reason: 'email_taken' })
}

function invalidToken(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid token', {
    reason: 'mailed_token_refused',
    hint: 'A link is not valid for ever: ask for another one',
  })
}
