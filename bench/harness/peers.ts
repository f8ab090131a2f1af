import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../peers/', import.meta.url)

/**
 * Installs bench/peers from its lock file, unless what is there is what the lock file asks for.
 * @throws Error when npm fails, for want of a network for example
 */
export function installPeers(): void {
  if (installed()) return
  process.stderr.write('Installing bench/peers (npm ci)\n')
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const { status, error } = spawnSync('npm', args, {
    cwd: fileURLToPath(folder),
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0)
    throw new Error(`npm ci in bench/peers failed: ${error?.message ?? `exit code ${status}`}`)
}

/** npm writes node_modules/.package-lock.json last, so that a broken-off installation has none. */
function installed(): boolean {
  const there = new URL('node_modules/.package-lock.json', folder)
  if (!existsSync(there)) return false
  const [wanted, found] = [versionsOf(new URL('package-lock.json', folder)), versionsOf(there)]
  return [...found].every(([name, version]) => wanted.get(name) === version) && found.size > 0
}

function versionsOf(file: URL): Map<string, string | undefined> {
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages: Record<string, { version?: string }>
  }
  return new Map(Object.entries(packages).map(([name, { version }]) => [name, version]))
}
