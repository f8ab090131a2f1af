import type { Config } from '../../config/config.ts'
import type { Database } from '../../db/connect.ts'
import type { Tenancy } from '../../db/tenant.ts'
import type { Receipt } from '../revocation/receipt.ts'

/** Makes announced changes take effect in every instance. */
export interface Settler {
  /** Waits until no instance uses what it cached before these changes. @returns who acknowledged when */
  settle(tags: readonly string[]): Promise<Receipt>
}

/**
 * What operations use of the process. A noun that brings a service of its own adds it here by declaration merging, so
 * that the core imports no noun.
 */
export interface Services {
  readonly config: Config
  /** Connections that see the rows of every organization. */
  readonly database: Database
  /** Connections that see the rows of one organization. */
  readonly tenancy: Tenancy
  readonly changes: Settler
  /** 32 bytes that seal secrets at rest. */
  readonly encryptionKey: Buffer
  /** Where callers reach this server, without a trailing slash. */
  publicUrl(): string
  readonly log: { error(fields: object, message: string): void }
}
