import type { Services } from '../core/services.ts'
import type { LoginThrottle } from './throttle.ts'

declare module '../core/services.ts' {
  interface Services {
    /** Slows down the guessing of passwords and codes. */
    readonly loginThrottle: LoginThrottle
  }
}

/** The services that authentication uses. It works across organizations, because a user may belong to several. */
export type Authentication = Pick<Services, 'database' | 'config' | 'encryptionKey' | 'loginThrottle'>
