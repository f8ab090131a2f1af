// Writes the OpenAPI document that the server serves, for the linter and for generators: node bin/openapi.ts FILE
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildApp } from '../app.ts'
import { readConfig } from '../config/config.ts'
import { databaseLogins } from '../db/logins.ts'

const file = path.resolve(process.argv[2] ?? 'openapi.json')
const folder = mkdtempSync(path.join(tmpdir(), 'anteroom-openapi-'))
try {
  const config = readConfig({
    LOG_LEVEL: 'silent',
    DATA_DIR: folder,
    ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
  })
  const nowhere = databaseLogins(config, 'postgres://nobody@127.0.0.1:1/none')
  const app = await buildApp(config, nowhere, { connects: false })
  await app.ready()
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(app.swagger(), null, 2)}\n`)
  await app.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
