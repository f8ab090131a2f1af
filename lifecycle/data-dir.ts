import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config/config.ts'

/**
 * Makes the data folder where there is none, and writes in it once. Without it nothing can run: the records of the access
 * log wait there for the database.
 * @throws ConfigError
 */
export async function openDataDir(dataDir: string): Promise<void> {
  const reason = await reasonAgainst(dataDir)
  if (reason !== null) throw new ConfigError([`DATA_DIR ${dataDir} can't be written to: ${reason}`])
}

async function reasonAgainst(folder: string): Promise<string | null> {
  const probe = join(folder, `.anteroom-${process.pid}`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(probe, 'Can this process write here?\n', { flush: true })
    return null
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    return REASONS[code] ?? code
  } finally {
    await rm(probe, { force: true }).catch(() => {})
  }
}

const NOT_THEIRS = `it belongs to another user${process.geteuid ? ` than this one, whose id is ${process.geteuid()}` : ''}`
const REASONS: Record<string, string> = {
  EACCES: NOT_THEIRS,
  EPERM: NOT_THEIRS,
  EROFS: 'it is on a read-only disk',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full',
  ENOTDIR: 'a part of it is a file',
  EEXIST: 'it is a file',
}
