import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'

/** The two halves of a recovery key: https://age-encryption.org/v1, X25519. */
export interface RecoveryKey {
  /** `AGE-SECRET-KEY-1…`: opens backups. It does not belong on the server. */
  readonly secret: string
  /** `age1…`: whoever has it can write backups, and open none. */
  readonly recipient: string
}

/** Makes a recovery key. */
export async function newRecoveryKey(): Promise<RecoveryKey> {
  const secret = await generateX25519Identity()
  return { secret, recipient: await identityToRecipient(secret) }
}

/**
 * Finds the recovery key in the text of a file, between comments as `age-keygen` writes them.
 * @throws Error where there is none
 */
export async function readRecoveryKey(text: string): Promise<RecoveryKey> {
  const secret = /AGE-SECRET-KEY-1[0-9A-Z]+/.exec(text)?.[0] ?? ''
  try {
    return { secret, recipient: await identityToRecipient(secret) }
  } catch (cause) {
    throw new Error('There is no recovery key in it: AGE-SECRET-KEY-1…', { cause })
  }
}

/**
 * An encrypter for a recipient.
 * @throws Error where the text is no recipient
 */
export function encrypterFor(recipient: string): Encrypter {
  const encrypter = new Encrypter()
  try {
    encrypter.addRecipient(recipient)
    return encrypter
  } catch (cause) {
    throw new Error(
      /^AGE-SECRET-KEY-/.test(recipient)
        ? 'The recipient is a secret recovery key: give the half that begins with age1'
        : 'The recipient must look like age1…: `npx anteroom backup new-key` makes one',
      { cause },
    )
  }
}
