import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChanges } from '../../db/changes.ts'
import type { Database } from '../../db/connect.ts'
import type { JobData, JobQueue } from '../../db/jobs.ts'
import { findUserByEmail, listMemberships } from '../../db/queries/accounts.ts'
import { updatePassword } from '../../db/queries/authentication.ts'
import {
  deletePasswordResets,
  findPasswordReset,
  insertPasswordReset,
  sweepPasswordResets,
  takePasswordReset,
} from '../../db/queries/password-resets.ts'
import { endSessions } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { AuditContext } from '../audit/audit.ts'
import type { Authentication } from '../authentication/context.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { passwordChangedMail, passwordResetMail } from '../mail/account-messages.ts'
import type { Mailer } from '../mail/mailer.ts'
import { auditEverywhere } from './audit-everywhere.ts'
import { KeyedGate } from './gate.ts'

const MINUTES = 60
/** So many messages an account gets within an hour: who asks again and again in another's name fills no mailbox. */
const MOST_AN_HOUR = 3
const CONTEXT = 'password reset'

/**
 * Notes that someone wants a new password. Whether there is such an account is looked up by the worker: the request
 * takes the same work and time either way.
 */
export async function requestPasswordReset(
  jobs: JobQueue,
  database: Database,
  sealingKey: Buffer,
  email: string,
): Promise<void> {
  const sealed = seal(sealingKey, CONTEXT, email.toLowerCase()).toString('base64')
  await jobs.add(database, 'password_reset', { sealed })
}

/** Sends the way to a new password where there is such an account; silently nothing where there is none. */
export async function sendPasswordReset(
  services: { database: Database; mailer: Mailer; encryptionKey: Buffer; publicUrl: () => string },
  data: JobData,
): Promise<void> {
  const email = unseal(services.encryptionKey, CONTEXT, Buffer.from(String(data.sealed), 'base64'))
  await services.database.begin(async (tx) => {
    const [user] = await findUserByEmail(tx, email)
    if (!user) return
    await sweepPasswordResets(tx)
    const { text: token } = generateCredential('mt_')
    const [kept] = await insertPasswordReset(tx, user.id, sha256(token), MINUTES * 60, MOST_AN_HOUR)
    if (!kept) return
    const about = { publicUrl: services.publicUrl(), token, minutes: MINUTES }
    await services.mailer.send(tx, passwordResetMail(user.email, about))
  })
}

// Of many requests with one token, one at a time is let near the hash, which costs a quarter of a second.
const gate = new KeyedGate(1, 500)

/**
 * Sets a new password with a token that was mailed. Every session of the user ends, and every other such token. A
 * second factor stays set up.
 * @param contextOf who acts, for the log of each organization of the user
 * @returns the tags to settle
 * @throws ApiError 401 for a token that is unknown, used or expired; 400 for a password that breaks the rules, which
 *   leaves the token as it was
 */
export async function resetPassword(
  services: Authentication,
  mailer: Mailer,
  publicUrl: string,
  body: { token: string; password: string },
  contextOf: (organizationId: string, userId: string) => AuditContext,
): Promise<string[]> {
  if (parseCredential(body.token)?.kind !== 'mailedToken') throw invalidToken()
  const hash = sha256(body.token)
  return gate.through(hash.toString('hex'), async () => {
    const [user] = await findPasswordReset(services.database, hash)
    if (!user) throw invalidToken()
    const memberships = await listMemberships(services.database, user.id)
    const words = [user.email, user.name, ...memberships.map((membership) => membership.organizationName)]
    const passwordHash = await hashNewPassword(services.config, 'body.password', body.password, words)
    return services.database.begin(async (tx) => {
      await updatePassword(tx, user.id, null, passwordHash)
      const [taken] = await takePasswordReset(tx, user.id, hash)
      if (!taken) throw invalidToken()
      await deletePasswordResets(tx, user.id)
      const tags = (await endSessions(tx, user.id, { except: null })).map((id) => `session:${id}`)
      if (mailer.possible) await mailer.send(tx, passwordChangedMail(user.email, { publicUrl }))
      await auditEverywhere(tx, memberships, (organizationId) => contextOf(organizationId, user.id), {
        action: 'user.password_changed',
        targetType: 'user',
        targetId: user.id,
      })
      await announceChanges(tx, services.config.environment, tags)
      return tags
    }) as Promise<string[]>
  })
}

function invalidToken(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid token', {
    reason: 'mailed_token_refused',
    hint: 'A link can be used once and not for ever: ask for another one',
  })
}
