import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Queryable } from '../../db/connect.ts'
import { findLeakKey, insertLeakKey, listLeakKeys } from '../../db/queries/leaks.ts'

/** A public key of a secret-scanning partner. */
export interface LeakKey {
  readonly keyIdentifier: string
  /** SPKI as PEM. */
  readonly publicKey: string
}

const LONGEST_IDENTIFIER = 200

/**
 * Reads public keys out of what a partner publishes: `{"public_keys":[{"key_identifier","key","is_current"}]}`, or one
 * PEM.
 * @param identifier of a PEM, which does not say its own
 * @throws Error that says what is wrong with the text
 */
export function readLeakKeys(text: string, identifier?: string): LeakKey[] {
  if (text.trimStart().startsWith('-----BEGIN')) {
    if (!identifier)
      throw new Error('a PEM file needs --identifier: the value of Github-Public-Key-Identifier')
    return [leakKey(identifier, text)]
  }
  const listed = (parse(text) as { public_keys?: unknown } | null)?.public_keys
  if (!Array.isArray(listed) || listed.length === 0) {
    throw new Error('the file is neither a PEM nor a JSON document with public_keys')
  }
  return listed.map((entry: { key_identifier?: unknown; key?: unknown } | null) =>
    leakKey(String(entry?.key_identifier ?? ''), String(entry?.key ?? '')),
  )
}

/**
 * Keeps public keys. What is kept already stays; another key under a known identifier is refused.
 * @returns the identifiers that are new
 * @throws Error
 */
export async function addLeakKeys(db: Queryable, keys: readonly LeakKey[]): Promise<string[]> {
  const known = new Map((await listLeakKeys(db)).map((row) => [row.keyIdentifier, row.publicKey]))
  const clash = keys.find(
    ({ keyIdentifier, publicKey }) => (known.get(keyIdentifier) ?? publicKey) !== publicKey,
  )
  if (clash) throw new Error(`${clash.keyIdentifier} is kept with another key: remove that first`)
  const added: string[] = []
  for (const { keyIdentifier, publicKey } of keys) {
    if ((await insertLeakKey(db, keyIdentifier, publicKey)).length > 0) added.push(keyIdentifier)
  }
  return added
}

/**
 * Whether a report was signed by a partner whose key is kept: ECDSA on P-256 with SHA-256 over the raw body.
 * @param signature base64 of the DER form
 */
export async function isSignedByPartner(
  db: Queryable,
  keyIdentifier: string,
  signature: string,
  body: Buffer,
): Promise<boolean> {
  const [key] = await findLeakKey(db, keyIdentifier)
  return key !== undefined && verify('sha256', body, key.publicKey, Buffer.from(signature, 'base64'))
}

function leakKey(keyIdentifier: string, pem: string): LeakKey {
  if (!/^[\x21-\x7e]+$/.test(keyIdentifier) || keyIdentifier.length > LONGEST_IDENTIFIER) {
    throw new Error(`a key identifier has 1 to ${LONGEST_IDENTIFIER} printable characters`)
  }
  const key = readPem(pem)
  if (key?.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error(`${keyIdentifier} is not a public key on the curve P-256`)
  }
  return { keyIdentifier, publicKey: String(key.export({ type: 'spki', format: 'pem' })) }
}

function readPem(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem)
  } catch {
    return null
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
