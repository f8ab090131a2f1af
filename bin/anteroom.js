#!/usr/bin/env node
// The entry of `npx anteroom`: hands over to anteroom.ts on a Node that runs TypeScript as it stands.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const script = path.join(here, 'anteroom.ts')
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  // the script decides by argv[1] whether it was started or imported
  process.argv[1] = script
  await import('./preload.js')
  await import('./anteroom.ts')
} else {
  const pinned = path.join(
    here,
    '..',
    'node_modules',
    '.bin',
    process.platform === 'win32' ? 'node.cmd' : 'node',
  )
  if (existsSync(pinned)) {
    const preload = new URL('preload.js', import.meta.url).href
    const child = spawn(pinned, ['--import', preload, script, ...process.argv.slice(2)], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
      // It ends when this process is killed.
      env: { ...process.env, ANTEROOM_PARENT: String(process.pid) },
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])
      process.on(signal, () => child.kill(signal))
    child.on('exit', (code, signal) => {
      if (signal === null) process.exit(code)
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    })
  } else {
    console.error(
      `anteroom needs Node 22.18 or newer; this is ${process.version}. Run npm ci first: it brings one.`,
    )
    process.exit(1)
  }
}
