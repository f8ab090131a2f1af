import { generateSecret, generateURI, verify } from 'otplib'
import { randomCode } from '../../credentials/base62.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChanges } from '../../db/changes.ts'
import type { Queryable } from '../../db/connect.ts'
import {
  confirmTotp,
  deleteTotp,
  findRecoveryCode,
  findTotp,
  findUnusedStep,
  insertTotp,
  organizationsRequiringTotp,
  replaceRecoveryCodes,
  useRecoveryCode,
  useTotpStep,
} from '../../db/queries/authentication.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import { secondFactorAddedMail, secondFactorRemovedMail } from '../mail/security-messages.ts'
import type { Accounts } from './context.ts'
import type { Person } from './person.ts'
import { giveNotice, type Notice } from './security-notice.ts'
import { requireSession } from './session-standing.ts'
import { closeSessionsIn } from './sessions.ts'
import type { Tried } from './throttle.ts'

const STEP_SECONDS = 30
const RECOVERY_CODES = 10
const RECOVERY_LENGTH = 24
const GROUP = /.{6}(?=.)/g

/** What an authenticator app needs to know, shown once. */
export interface TotpSetup {
  readonly secret: string
  readonly otpauthUrl: string
}

/**
 * Begins to set an authenticator up: RFC 6238 with SHA-1, six digits and 30 seconds, which is what every app can.
 * @throws ApiError 409 where one is set up already
 */
export async function beginTotp(accounts: Accounts, user: { id: string; email: string }): Promise<TotpSetup> {
  const secret = generateSecret()
  const [kept] = await insertTotp(
    accounts.database,
    user.id,
    seal(accounts.encryptionKey, sealedFor(user.id), secret),
  )
  if (!kept)
    throw new ApiError('CONFLICT', 'A second factor is set up already: remove it first', {
      reason: 'second_factor_set_up',
    })
  const { name } = accounts.config.environment
  const issuer = name === 'production' ? 'Anteroom' : `Anteroom ${name}`
  return { secret, otpauthUrl: generateURI({ issuer, label: user.email, secret }) }
}

/**
 * Ends the set-up with a first code. Every other session of the user ends: those that remain, and those to come, have
 * passed both factors.
 * @returns the recovery codes, shown once, and the tags to settle
 * @throws ApiError 400 for a wrong code, 409 where nothing waits for one, 429
 */
export async function finishTotp(
  accounts: Accounts,
  user: { id: string; sessionId: string },
  code: string,
  notice: Notice,
): Promise<{ recoveryCodes: string[]; tags: string[] }> {
  const step = await accounts.throttle.tryCode('totp', user.id, async () => {
    const [row] = await findTotp(accounts.database, user.id)
    if (!row || row.confirmedAt) throw nothingWaits()
    const found = await stepOf(accounts, user.id, row.secret, code)
    return {
      outcome: found === null ? 'wrong' : 'right',
      value: found && { step: found, secret: row.secret },
    }
  })
  if (!step)
    throw new ApiError('BAD_REQUEST', 'body.code is not the code that the app shows', {
      details: [{ path: 'body.code', message: 'is not the code that the app shows' }],
    })
  const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () => randomCode(RECOVERY_LENGTH))
  const tags = await accounts.database.begin(async (tx) => {
    await lockUser(tx, user.id)
    const [confirmed] = await confirmTotp(tx, user.id, step.secret, step.step)
    if (!confirmed) throw nothingWaits()
    await requireSession(tx, { userId: user.id, sessionId: user.sessionId })
    await replaceRecoveryCodes(tx, user.id, recoveryCodes.map(recoveryHash))
    const ended = await closeSessionsIn(tx, user.id, { except: user.sessionId })
    await giveNotice(tx, notice, user.id, 'user.totp_added', secondFactorAddedMail)
    const changed = [`user:${user.id}`, ...ended]
    await announceChanges(tx, accounts.config.environment, changed)
    return changed
  })
  return { recoveryCodes: recoveryCodes.map((text) => text.replace(GROUP, '$&-')), tags }
}

/**
 * Takes the second factor away.
 * @throws ApiError 404 where there is none, 409 where an organization of the user requires one
 */
export async function removeTotp(accounts: Accounts, person: Person, notice: Notice): Promise<void> {
  const { userId } = person
  await accounts.database.begin(async (tx) => {
    await lockUser(tx, userId)
    await requireSession(tx, person)
    const [requiring] = await organizationsRequiringTotp(tx, userId)
    if (requiring) {
      throw new ApiError(
        'CONFLICT',
        `The organization ${requiring.name} requires a second factor of its members`,
      )
    }
    const [removed] = await deleteTotp(tx, userId)
    if (!removed)
      throw new ApiError('NOT_FOUND', 'No second factor is set up', { reason: 'no_second_factor' })
    await giveNotice(tx, notice, userId, 'user.totp_removed', secondFactorRemovedMail)
  })
}

/** Whether a user has a second factor. */
export async function hasSecondFactor(db: Queryable, userId: string): Promise<boolean> {
  const [row] = await findTotp(db, userId)
  return row !== undefined && row.confirmedAt !== null
}

/**
 * Uses up a code of the authenticator, or a recovery code. A recovery code has 120 bits, so it needs no
 * throttle: a user whom a guesser with the password delays gets in with one.
 * @returns whether it was right and unused
 * @throws ApiError 429 while codes of the authenticator have to wait
 */
export function useSecondFactor(accounts: Accounts, userId: string, text: string): Promise<boolean> {
  return trySecondFactor(accounts, userId, text, { step: useTotpStep, recovery: useRecoveryCode })
}

/**
 * Whether {@link useSecondFactor} would accept the code now. Uses nothing up.
 * @throws ApiError 429 while codes of the authenticator have to wait
 */
export function checkSecondFactor(accounts: Accounts, userId: string, text: string): Promise<boolean> {
  return trySecondFactor(accounts, userId, text, { step: findUnusedStep, recovery: findRecoveryCode })
}

/** What is done with a right code. No row where it was used before. */
interface CodeQueries {
  readonly step: typeof useTotpStep
  readonly recovery: typeof useRecoveryCode
}

async function trySecondFactor(
  accounts: Accounts,
  userId: string,
  text: string,
  queries: CodeQueries,
): Promise<boolean> {
  const compact = text.replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(compact)) {
    const [used] = await queries.recovery(accounts.database, userId, recoveryHash(compact))
    return used !== undefined
  }
  return accounts.throttle.tryCode('totp', userId, () => tryTotp(accounts, userId, compact, queries))
}

async function tryTotp(
  accounts: Accounts,
  userId: string,
  code: string,
  queries: CodeQueries,
): Promise<Tried<boolean>> {
  const [row] = await findTotp(accounts.database, userId)
  if (!row?.confirmedAt) return { outcome: 'neither', value: false }
  const step = await stepOf(accounts, userId, row.secret, code)
  if (step === null) return { outcome: 'wrong', value: false }
  const [used] = await queries.step(accounts.database, userId, step)
  // A right code that was used before tells a guesser nothing: it is refused and not counted.
  return used ? { outcome: 'right', value: true } : { outcome: 'neither', value: false }
}

/** The 30-second step that a code belongs to, now or one step to either side; null for a wrong code. */
async function stepOf(
  accounts: Accounts,
  userId: string,
  sealed: Buffer,
  code: string,
): Promise<number | null> {
  const token = code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const secret = unseal(accounts.encryptionKey, sealedFor(userId), sealed)
  const result = await verify({ secret, token, epochTolerance: STEP_SECONDS })
  return result.valid && 'timeStep' in result ? result.timeStep : null
}

function sealedFor(userId: string): string {
  return `totp ${userId}`
}

// As written down by hand: in small letters, with the letters that look like digits read as those (Crockford).
function recoveryHash(text: string): Buffer {
  const plain = text.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')
  return sha256(`recovery code ${plain}`)
}

function nothingWaits(): ApiError {
  return new ApiError(
    'CONFLICT',
    'No second factor waits for its first code: begin with POST /api/auth/totp',
    { reason: 'second_factor_not_started' },
  )
}
