import { readFileSync } from 'node:fs'
import t from 'tap'

type LockedPackage = {
  version?: string
  integrity?: string
  resolved?: string
  optionalDependencies?: object
}

const lock: { packages: Record<string, LockedPackage> } = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
)
const packages = Object.entries(lock.packages).filter(([where]) => where !== '')

/** Looks a package up as Node does: beside the one that asks, then in each folder above. */
function isLocked(name: string, askedBy: string): boolean {
  const places = askedBy
    .split('/node_modules/')
    .map((_, depth, parts) => parts.slice(0, parts.length - depth).join('/node_modules/'))
  return [...places.map((place) => `${place}/node_modules/${name}`), `node_modules/${name}`].some(
    (where) => lock.packages[where] !== undefined,
  )
}

t.test('npm ci finds every package, on every platform', async (t) => {
  // a registry that lags behind makes npm leave out, in silence, the packages of other platforms
  const missing = packages.flatMap(([askedBy, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(name, askedBy))
      .map((name) => `${name}, wanted by ${askedBy}`),
  )
  t.same(missing, [])
})

t.test('every package is pinned by content, none by a download address', async (t) => {
  t.same(
    packages
      .filter(([, entry]) => !entry.version || !entry.integrity || entry.resolved)
      .map(([where]) => where),
    [],
  )
})
