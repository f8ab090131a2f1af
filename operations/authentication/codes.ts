import { verify } from 'otplib'
import { unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import {
  findRecoveryCode,
  findTotp,
  findUnusedStep,
  useRecoveryCode,
  useTotpStep,
} from '../../db/queries/authentication.ts'
import type { Authentication } from './context.ts'
import type { Tried } from './throttle.ts'

const STEP_SECONDS = 30

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
export function useSecondFactor(services: Authentication, userId: string, text: string): Promise<boolean> {
  return trySecondFactor(services, userId, text, { step: useTotpStep, recovery: useRecoveryCode })
}

/**
 * Whether {@link useSecondFactor} would accept the code now. Uses nothing up.
 * @throws ApiError 429 while codes of the authenticator have to wait
 */
export function checkSecondFactor(services: Authentication, userId: string, text: string): Promise<boolean> {
  return trySecondFactor(services, userId, text, { step: findUnusedStep, recovery: findRecoveryCode })
}

/** How a right code is looked up or used up. Both answer with no row for a code that was used before. */
interface CodeQueries {
  readonly step: typeof useTotpStep
  readonly recovery: typeof useRecoveryCode
}

async function trySecondFactor(
  services: Authentication,
  userId: string,
  text: string,
  queries: CodeQueries,
): Promise<boolean> {
  const compact = text.replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(compact)) {
    const [used] = await queries.recovery(services.database, userId, recoveryHash(compact))
    return used !== undefined
  }
  return services.loginThrottle.tryCode('totp', userId, () => tryTotp(services, userId, compact, queries))
}

async function tryTotp(
  services: Authentication,
  userId: string,
  code: string,
  queries: CodeQueries,
): Promise<Tried<boolean>> {
  const [row] = await findTotp(services.database, userId)
  if (!row?.confirmedAt) return { outcome: 'neither', value: false }
  const step = await stepOf(services, userId, row.secret, code)
  if (step === null) return { outcome: 'wrong', value: false }
  const [used] = await queries.step(services.database, userId, step)
  // A right code that was used before tells a guesser nothing. It is refused and not counted.
  return used ? { outcome: 'right', value: true } : { outcome: 'neither', value: false }
}

/** The 30-second step that a code belongs to, now or one step to either side; null for a wrong code. */
export async function stepOf(
  services: Authentication,
  userId: string,
  sealed: Buffer,
  code: string,
): Promise<number | null> {
  const token = code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const secret = unseal(services.encryptionKey, sealedFor(userId), sealed)
  const result = await verify({ secret, token, epochTolerance: STEP_SECONDS })
  return result.valid && 'timeStep' in result ? result.timeStep : null
}

/** The context that a user's authenticator secret is sealed with (credentials/seal.ts). */
export function sealedFor(userId: string): string {
  return `totp ${userId}`
}

/**
 * The hash that stands for a recovery code. Letter case does not count, and letters that look like digits are digits
 * (Crockford).
 */
export function recoveryHash(text: string): Buffer {
  const plain = text.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')
  return sha256(`recovery code ${plain}`)
}
