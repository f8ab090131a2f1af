import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { acceptingKey, type EncryptionKey } from '../credentials/encryption-key.ts'
import { type Config, ConfigError } from './config.ts'

/** What the encryption key comes from. */
export type EncryptionKeySettings = Pick<Config, 'encryptionKey' | 'dataDir'> &
  Partial<Pick<Config, 'previousEncryptionKey'>>

/** The key that is configured or was made before, or null: for who only reads. */
export function existingEncryptionKey(config: EncryptionKeySettings): EncryptionKey | null {
  const path = join(config.dataDir, 'encryption.key')
  return config.encryptionKey || existsSync(path) ? encryptionKeyOf(config) : null
}

/**
 * The key that seals secrets at rest: the configured one, or the sandbox's own, made in its data folder at the
 * first start and readable by its user alone.
 * @returns 32 bytes; it accepts what ENCRYPTION_KEY_PREVIOUS sealed
 * @throws ConfigError when that file holds something else
 */
export function encryptionKeyOf(config: EncryptionKeySettings): EncryptionKey {
  return acceptingKey(currentKey(config), config.previousEncryptionKey ?? null)
}

function currentKey(config: EncryptionKeySettings): Buffer {
  if (config.encryptionKey) return config.encryptionKey
  const path = join(config.dataDir, 'encryption.key')
  mkdirSync(config.dataDir, { recursive: true })
  try {
    // wx: of two processes that start at once one writes, and both read what it wrote.
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
  // A crash may have left it empty, before anything was sealed with it; a wrong copy may have replaced it.
  if (key.length === 32) return key
  throw new ConfigError([
    `DATA_DIR holds a wrong encryption key: put the right one back, or remove ${path} if nothing was kept yet`,
  ])
}
