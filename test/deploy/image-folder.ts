import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'

/** Node has to stay in the folder instead of following the links out of it, where devDependencies are. */
export const IMAGE_NODE_OPTIONS = '--preserve-symlinks --preserve-symlinks-main'

/**
 * Lays out in `folder` what the image holds in /app: the files that .dockerignore lets in, and of node_modules what
 * `npm ci --omit=dev` leaves. What a service needs and the image lacks is so found without a container engine.
 */
export function layOutImage(folder: string): void {
  for (const line of readFileSync('.dockerignore', 'utf8').split('\n')) {
    const name = line.startsWith('!') ? line.slice(1) : undefined
    if (name !== undefined) cpSync(name, path.join(folder, name), { recursive: true })
  }
  const lock: { packages: Record<string, { dev?: boolean; devOptional?: boolean }> } = JSON.parse(
    readFileSync('package-lock.json', 'utf8'),
  )
  for (const [place, entry] of Object.entries(lock.packages)) {
    const nested = place.lastIndexOf('node_modules/') > 0
    if (place === '' || nested || entry.dev || entry.devOptional || !existsSync(place)) continue
    mkdirSync(path.dirname(path.join(folder, place)), { recursive: true })
    symlinkSync(path.resolve(place), path.join(folder, place))
  }
}
