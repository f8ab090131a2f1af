import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EmbeddedError } from './errors.ts'

/** The unprivileged user that PostgreSQL runs as when Anteroom runs as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root, so root needs another user for it: the owner of the database when there
 * is one, else the owner of the data folder, else `nobody` and its like.
 * @param folders looked at in that order for their owner; missing ones are skipped.
 * @param passwd the file that names the users.
 * @returns null when this process is not root: PostgreSQL then runs as the same user.
 * @throws {EmbeddedError} when that file names no user to run it as.
 */
export async function serviceAccount(
  folders: readonly string[],
  passwd: string = '/etc/passwd',
): Promise<Account | null> {
  if (process.geteuid?.() !== 0) return null
  const users = await knownUsers(passwd)
  for (const folder of folders) {
    const owner = await stat(folder).catch(() => null)
    // initdb fails for a user id that has no name.
    const user = owner !== null && owner.uid !== 0 && users.find(({ uid }) => uid === owner.uid)
    if (user) return user
  }
  for (const name of ['nobody', 'postgres', 'daemon']) {
    const user = users.find((candidate) => candidate.name === name && candidate.uid !== 0)
    if (user) return user
  }
  throw new EmbeddedError(
    `PostgreSQL does not run as root and ${passwd} names no user nobody: run as another user, or set DATABASE_URL`,
  )
}

/** Whether a user may enter every folder above `path` and read (and, for a folder, enter) what is there. */
export async function canReach(path: string, account: Account | null): Promise<boolean> {
  if (account === null) return true
  const needed = (await stat(path)).isDirectory() ? 0o5 : 0o4
  if (!(await allows(path, account, needed))) return false
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!(await allows(folder, account, 0o1))) return false
    if (folder === dirname(folder)) return true
  }
}

async function allows(path: string, account: Account, bits: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(path)
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
  return ((mode >> shift) & bits) === bits
}

async function knownUsers(passwd: string): Promise<Account[]> {
  const lines = await readFile(passwd, 'utf8').catch(() => '')
  return lines.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    // macOS writes nobody as -2; file modes tell the same id unsigned.
    return name && uid && gid ? [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }] : []
  })
}
