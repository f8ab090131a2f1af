import { accessSync, constants, mkdirSync } from 'node:fs'
import { ConfigError } from './config.ts'

/**
 * Makes the data folder where there is none. Without one that can be written nothing can run: the access log's records
 * wait in it for the database.
 * @throws ConfigError
 */
export function openDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true })
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new ConfigError([`DATA_DIR must be a folder that this user can write: ${dataDir} (${code})`], {
      cause,
    })
  }
}
