// Stands in for `npm` while a test executes the Dockerfile: does what `npm ci` would do, without a download. It links
// the packages that package-lock.json asks for from the repository's own node_modules: node npm-ci.ts <repository> ci …
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { linkFolder } from './link-folder.ts'

interface Entry {
  version?: string
  dev?: boolean
  devOptional?: boolean
  optional?: boolean
  hasInstallScript?: boolean
}

const [repository = '', ...args] = process.argv.slice(2)
// What is not known here is refused: the test would not do what the image does.
const { positionals, values } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    omit: { type: 'string' },
    'ignore-scripts': { type: 'boolean', default: false },
    'no-audit': { type: 'boolean' },
    'no-fund': { type: 'boolean' },
  },
})
if (positionals.join() !== 'ci' || ![undefined, 'dev'].includes(values.omit)) {
  throw new Error(`the stand-in for npm does not know: npm ${args.join(' ')}`)
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const lock: Record<string, Entry & Record<string, unknown>> = read('package-lock.json').packages
const installed: Record<string, Entry> = read(
  path.join(repository, 'node_modules/.package-lock.json'),
).packages
const manifest = read('package.json')
for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
  if (!isDeepStrictEqual(manifest[kind], lock['']?.[kind]))
    throw new Error(`package.json and package-lock.json differ in ${kind}`)
}
for (const [place, entry] of Object.entries(lock)) {
  if (place === '' || (values.omit === 'dev' && entry.dev)) continue
  // Without its script such a package is not whole. Left out, nothing can use it by mistake.
  if (values['ignore-scripts'] && entry.hasInstallScript) continue
  const source = path.join(repository, place)
  if (!existsSync(source)) {
    // It is made for another platform.
    if (entry.optional) continue
    throw new Error(`${place} is not installed here`)
  }
  if (installed[place]?.version !== entry.version) throw new Error(`${place} is installed in another version`)
  // The packages in its own node_modules have entries of their own.
  linkFolder(source, place, 'node_modules')
}
