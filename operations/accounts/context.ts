import type { Config } from '../../config/config.ts'
import type { Database } from '../../db/connect.ts'
import type { SessionSettings } from './sessions.ts'
import type { LoginThrottle } from './throttle.ts'

/** What account services need to know of the process. */
export type AccountSettings = SessionSettings & Pick<Config, 'passwordBcryptCost'>

/** What account services work with. */
export interface Accounts {
  /** Across tenants, in the system role: people belong to several organizations. */
  readonly database: Database
  readonly config: AccountSettings
  /** 32 bytes that seal secrets at rest. */
  readonly encryptionKey: Buffer
  readonly throttle: LoginThrottle
}
