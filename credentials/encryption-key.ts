/**
 * The key that seals secrets at rest, 32 bytes. While an installation changes its key, what the key before sealed or
 * signed is good too.
 */
export interface EncryptionKey extends Buffer {
  /** 32 bytes: opens, checks, and seals nothing any more. */
  readonly previous?: Buffer
}

/** A key that accepts what another one sealed. */
export function acceptingKey(key: Buffer, previous: Buffer | null): EncryptionKey {
  return previous === null ? key : Object.assign(Buffer.from(key), { previous })
}

/** Every key that may have sealed or signed something, the current one first. */
export function everyKey(key: EncryptionKey): readonly Buffer[] {
  return key.previous === undefined ? [key] : [key, key.previous]
}
