// Loaded before server.ts (`node --import`): adds one byte to a file for each bcrypt that the process pays for.
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'

const file = process.env.BCRYPT_COUNT_FILE
if (file) subscribe('tracing:anteroom:bcrypt:start', () => appendFileSync(file, '.'))
