// The first service of docker-compose.yml: makes the secrets of the other services at the first start, each into
// the volume that only its owner mounts, so that `docker compose up` needs no file made by hand and the repository
// holds no secret. What is there is never changed: to bring a secret of your own, write the file beforehand.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const [volumes = '/volumes'] = process.argv.slice(2)
const made: string[] = []

/** A secret that needs no escaping, in a URL or anywhere else: 256 bits as base64url. */
const newPassword = () => randomBytes(32).toString('base64url')

/** Reads a secret, or makes and keeps it. Readable by all: the one container that mounts the volume may run as any user. */
function secret(volume: string, name: string, make: () => string): string {
  const file = path.join(volumes, volume, name)
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${make()}\n`, { flag: 'wx', mode: 0o444 })
    made.push(`${volume}/${name}`)
  }
  return readFileSync(file, 'utf8').trim()
}

secret('postgres', 'superuser-password', newPassword)
const valkeyPassword = secret('valkey', 'password', newPassword)
secret('valkey', 'valkey.conf', () => `requirepass ${valkeyPassword}`)

for (const [index, environment] of ['sandbox', 'production'].entries()) {
  const password = secret('postgres', `${environment}-password`, newPassword)
  secret(
    environment,
    'database-url',
    () => `postgres://anteroom_${environment}:${password}@postgres:5432/anteroom`,
  )
  // a numbered database each, so that the two environments share no counter
  secret(environment, 'redis-url', () => `redis://:${valkeyPassword}@valkey:6379/${index}`)
  secret(environment, 'encryption-key', () => randomBytes(32).toString('base64'))
}

console.log(made.length === 0 ? 'Every secret is in its place.' : `Made: ${made.join(', ')}`)
