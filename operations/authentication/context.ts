import type { Services } from '../core/services.ts'
import type { LoginThrottle } from './throttle.ts'

declare module '../core/services.ts' {
  interface Services {
    /** Slows the guessing of passwords and codes down. */
    readonly loginThrottle: LoginThrottle
  }
}

/** What proves who somebody is, and what it works with. People belong to several organizations. */
export type Authentication = Pick<Services, 'database' | 'config' | 'encryptionKey' | 'loginThrottle'>
