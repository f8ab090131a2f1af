import type { Config } from '../../config/config.ts'
import { randomBase62 } from '../../credentials/base62.ts'
import { hashPassword } from '../../credentials/secret.ts'
import { badRequest } from '../../schemas/errors.ts'
import { isName, NAME_RULE } from '../../schemas/visible-text.ts'

const PASSWORD_LENGTH = 20

/**
 * Checks a name that the operator gives.
 * @param what how the command line calls it
 * @throws ApiError 400
 */
export function requireName(what: string, text: string): void {
  if (!isName(text)) throw badRequest(what, NAME_RULE)
}

/**
 * Checks an e-mail address that the operator gives.
 * @param what how the command line calls it
 * @throws ApiError 400
 */
export function requireEmail(what: string, text: string): void {
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) throw badRequest(what, 'is no e-mail address')
}

/** Draws a password for somebody whom the operator tells it. It is shown once. */
export async function drawPassword(
  config: Pick<Config, 'passwordBcryptCost'>,
): Promise<{ password: string; passwordHash: string }> {
  const password = randomBase62(PASSWORD_LENGTH)
  return { password, passwordHash: await hashPassword(password, config.passwordBcryptCost) }
}
