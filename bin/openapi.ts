// Writes the OpenAPI document that the server serves, for the linter and for generators: node bin/openapi.ts FILE
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildApp } from '../app.ts'
import { readConfig } from '../config/config.ts'
import { startEmbedded } from '../db/embedded/launcher.ts'
import { databaseLogins } from '../db/logins.ts'
import { migrate } from '../db/migrate.ts'

const file = path.resolve(process.argv[2] ?? 'openapi.json')
const folder = path.dirname(file)

// a database of its own, since the server that someone is running may hold the usual one
const config = readConfig({ LOG_LEVEL: 'silent', DATA_DIR: path.join(folder, 'openapi') })
const database = await startEmbedded({ dataDir: config.dataDir })
try {
  const logins = databaseLogins(config, database.url)
  await migrate(logins, config.environment)
  const app = await buildApp(config, logins)
  await app.ready()
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(app.swagger(), null, 2)}\n`)
  await app.close()
} finally {
  await database.stop()
}
