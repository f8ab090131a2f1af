import { createHash, createHmac, hash as digest, timingSafeEqual } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import bcrypt from '@node-rs/bcrypt'

/** Tells subscribers of each bcrypt, from its order to its end: it waits for a thread in between. */
const bcryptChannel = tracingChannel('anteroom:bcrypt')

/**
 * The SHA-256 of a credential, as stored for tokens and as the key of in-process caches. A plain fast hash
 * is enough where the secret has 190 bits of entropy: there is nothing to guess.
 */
export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The SHA-256 of a credential as base64url text: the key under which a process remembers what it verified. */
export function fingerprint(text: string): string {
  return digest('sha256', text, 'base64url')
}

/** Whether two digests are the same, in a time that does not depend on where they differ. */
export function sameDigest(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/**
 * Hashes the secret part of an API key for storage.
 * @param cost bcrypt's logarithmic work factor
 */
export function hashSecret(secret: string, cost: number): Promise<string> {
  return traced('hash', () => bcrypt.hash(secret, cost))
}

/**
 * 32 bits of a secret's SHA-256, kept beside its bcrypt hash: a wrong secret is known for one without the cost of
 * bcrypt, so that a flood of them can't crowd out a good key. So many that nobody finds, by trying and timing, a wrong
 * one that does reach bcrypt; of the secret's 190 bits 158 stay unknown.
 */
export function secretTag(secret: string): number {
  return createHash('sha256').update('anteroom-key-tag ').update(secret).digest().readInt32BE(0)
}

/** Whether a presented secret is the one behind a stored bcrypt hash. */
export function verifySecret(secret: string, hash: string): Promise<boolean> {
  return traced('verify', () => bcrypt.verify(secret, hash))
}

/**
 * Hashes a password for storage. bcrypt reads 72 bytes and stops at NUL, so that what it is given is the
 * password's HMAC-SHA-256 as base64: 44 characters whatever the password's length and script. The fixed
 * HMAC key keeps a bare SHA-256 leaked elsewhere from standing in for the password (password shucking).
 * @param cost bcrypt's logarithmic work factor
 */
export function hashPassword(password: string, cost: number): Promise<string> {
  return traced('hash', () => bcrypt.hash(prehash(password), cost))
}

/** Whether a presented password is the one behind a stored hash of `hashPassword`. */
export function verifyPassword(password: string, hash: string): Promise<boolean> {
  return traced('verify', () => bcrypt.verify(prehash(password), hash))
}

/** The cost that a stored bcrypt hash was made with, to rehash it once the configured one is higher. */
export function costOf(hash: string): number {
  return Number(hash.slice(4, 6))
}

// NIST SP 800-63B 3.1.1.2: Unicode passwords are normalised (NFKC) before they are hashed.
function prehash(password: string): string {
  return createHmac('sha256', 'anteroom-password-v1').update(password.normalize('NFKC')).digest('base64')
}

function traced<T>(kind: 'hash' | 'verify', run: () => Promise<T>): Promise<T> {
  return bcryptChannel.hasSubscribers ? bcryptChannel.tracePromise(run, { kind }) : run()
}
