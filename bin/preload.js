// Loaded before the program by `npm start`, `npm run dev` and the command line.
import { readFileSync } from 'node:fs'
import module from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { parseEnv } from 'node:util'

// What Node compiled once, and stripped of its types, it reads from the disk from then on. That halves the work of
// loading the modules. Where the folder can't be written, Node goes on without.
module.enableCompileCache?.(path.join(import.meta.dirname, '../node_modules/.cache/anteroom'))

// npm hands signals on to its shell, which hands them on to nobody. See lifecycle/ending.ts.
if (process.env.npm_lifecycle_event !== undefined) process.env.ANTEROOM_PARENT = String(process.ppid)

readEnvFile()

/** Adds the variables of `.env` in the working folder. The environment wins, also by a variable's other form NAME_FILE. */
function readEnvFile() {
  let text
  try {
    text = readFileSync('.env', 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return
    fail(`.env can't be read: ${error.code}`)
  }
  // PowerShell writes UTF-16 where it is not told otherwise.
  if (text.includes('\0')) fail('.env must be a text in UTF-8')
  const given = new Set(Object.keys(process.env))
  for (const [name, value] of Object.entries(parseEnv(text.replace(/^\uFEFF/, '')))) {
    const other = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`
    if (!given.has(name) && !given.has(other)) process.env[name] = value
  }
}

function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
