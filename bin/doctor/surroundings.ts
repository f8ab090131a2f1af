import { randomBytes } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { openDataDir } from '../../lifecycle/data-dir.ts'
import { openStorage } from '../../operations/files/storage.ts'
import { type Check, failed, ok, warning } from './check.ts'

const GIGABYTE = 1024 ** 3
const LOW_BYTES = 2 * GIGABYTE
const FULL_BYTES = GIGABYTE / 4
const MAIL_MS = 8000

/** The checks of what stands around the database. */
export function surroundingChecks(config: Config): Check[] {
  return [
    {
      name: 'public URL',
      toDo: 'set PUBLIC_URL to an https:// URL',
      look: async () => lookAtPublicUrl(config),
    },
    {
      name: 'storage',
      toDo: 'make STORAGE_URL writable for this process (docs/files.md)',
      look: () => lookAtStorage(config),
    },
    {
      name: 'spool',
      toDo: 'make DATA_DIR writable for this process',
      look: async () => {
        await openDataDir(join(config.dataDir, 'spool', config.environment.name))
        return ok('can be written to')
      },
    },
    { name: 'disk space', toDo: 'check DATA_DIR', look: () => lookAtDisk(config.dataDir) },
    { name: 'mail', toDo: 'check SMTP_URL', look: () => lookAtMail(config) },
    {
      name: 'Redis',
      toDo: 'check REDIS_URL; until then each process counts limits for itself',
      look: () => lookAtRedis(config.redisUrl),
    },
  ]
}

function lookAtPublicUrl({ publicUrl, environment, host, port }: Config) {
  const isProduction = environment.name === 'production'
  if (publicUrl === null) {
    const seen = `PUBLIC_URL is not set: links lead to http://${host}:${port}`
    return isProduction ? failed(seen, 'set PUBLIC_URL to an https:// URL') : ok(seen)
  }
  if (isProduction && !publicUrl.startsWith('https:'))
    return failed(`${publicUrl} is not encrypted`, 'put a TLS proxy in front, and set PUBLIC_URL to https://')
  return ok(publicUrl)
}

async function lookAtStorage({ storage: location, environment }: Config) {
  const storage = await openStorage(location)
  const key = `${environment.name}/doctor-${randomBytes(6).toString('hex')}`
  try {
    await storage.write(key, 'Can this process write here?\n')
    const isThere = await storage.has(key)
    await storage.remove(key)
    return isThere
      ? ok(`can be written to (${location.kind})`)
      : failed('what is written is not there', 'check STORAGE_URL')
  } finally {
    storage.close()
  }
}

async function lookAtDisk(folder: string) {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const seen = `${(free / GIGABYTE).toFixed(1)} GB are free in DATA_DIR`
  if (free < FULL_BYTES) return failed(seen, 'make room, or the spool and uploads will stop')
  return free < LOW_BYTES ? warning(seen, 'make room') : ok(seen)
}

async function lookAtMail({ smtpUrl, environment }: Config) {
  if (smtpUrl === null) {
    return environment.name === 'sandbox'
      ? ok('SMTP_URL is not set: mail is written to the log')
      : warning(
          'SMTP_URL is not set: nobody gets mail',
          'set SMTP_URL, or hand out passwords and links yourself',
        )
  }
  const { createTransport } = await import('nodemailer')
  const url = new URL(smtpUrl)
  url.searchParams.delete('from')
  const transport = createTransport({ url: url.href, connectionTimeout: MAIL_MS, greetingTimeout: MAIL_MS })
  try {
    await transport.verify()
    return ok(`${url.host} answers and lets this process in`)
  } catch (error) {
    return warning(`${url.host}: ${(error as Error).message}`, 'check SMTP_URL; mail waits for two days')
  } finally {
    transport.close()
  }
}

async function lookAtRedis(url: string | null) {
  if (url === null) return ok('REDIS_URL is not set: each process counts limits for itself')
  const { Redis } = await import('ioredis')
  const redis = new Redis(url.replace(/^valkey/, 'redis'), {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // Told by the promise below.
  redis.on('error', () => {})
  try {
    await redis.connect()
    await redis.ping()
    return ok('answers')
  } finally {
    redis.disconnect()
  }
}
