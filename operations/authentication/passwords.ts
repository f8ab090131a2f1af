import type { Config } from '../../config/config.ts'
import { passwordProblem } from '../../credentials/password-rules.ts'
import { costOf, hashPassword, verifyPassword } from '../../credentials/secret.ts'
import { badRequest } from '../../schemas/errors.ts'

type Settings = Pick<Config, 'passwordBcryptCost'>

/**
 * Hashes a new password that keeps the rules.
 * @param field its place in the request, e.g. `body.password`
 * @param words what belongs to the account: e-mail address, name, names of organizations
 * @throws ApiError 400 that says which rule it breaks
 */
export async function hashNewPassword(
  settings: Settings,
  field: string,
  password: string,
  words: readonly string[],
): Promise<string> {
  const problem = await passwordProblem(password, words)
  if (problem) throw badRequest(field, problem)
  return hashPassword(password, settings.passwordBcryptCost)
}

/**
 * Whether a password is the one behind a hash, or behind none: an unknown account costs the same time. A hash of a
 * lower cost than is configured now is verified with as much work beside it as a new one would take: 2^c + 2^c +
 * 2^(c+1) + … = 2^n.
 */
export async function checkPassword(
  settings: Settings,
  password: string,
  hash: string | null,
): Promise<boolean> {
  const cost = settings.passwordBcryptCost
  if (hash === null) {
    await verifyPassword(password, await decoyHash(cost))
    return false
  }
  const right = await verifyPassword(password, hash)
  for (let lower = costOf(hash); lower < cost; lower++) await verifyPassword(password, await decoyHash(lower))
  return right
}

/** Whether a stored hash was made with a lower cost than is configured now. */
export function needsRehash(settings: Settings, hash: string): boolean {
  return costOf(hash) < settings.passwordBcryptCost
}

/** Makes the hash that stands in for unknown accounts before the first of them is tried. */
export async function prepareDecoys(settings: Settings): Promise<void> {
  await decoyHash(settings.passwordBcryptCost)
}

const decoys = new Map<number, Promise<string>>()

// Made once for a cost: a comparison with it takes as long as one with a user's hash.
function decoyHash(cost: number): Promise<string> {
  const decoy = decoys.get(cost) ?? hashPassword('no user has this password', cost)
  decoys.set(cost, decoy)
  return decoy
}
