import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A small disk, mounted for one test. */
export interface Disk {
  readonly path: string
  /** Nothing can be written any more, or again. */
  readonly(on: boolean): void
}

// Mounting is root's, whom tests in containers are and others may become.
function asRoot(command: string, ...args: string[]): void {
  const [file = '', ...rest] = process.geteuid?.() === 0 ? [command] : ['sudo', '-n', command]
  execFileSync(file, [...rest, ...args], { stdio: 'ignore' })
}

function mount(mebibytes: number): { path: string; unmount: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'anteroom-disk-'))
  try {
    asRoot('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0777`, 'tmpfs', path)
  } catch (error) {
    rmdirSync(path)
    throw error
  }
  const unmount = () => {
    asRoot('umount', '--lazy', path)
    rmdirSync(path)
  }
  return { path, unmount }
}

/** Why a test that needs a disk of its own can't run here, as tap's `skip` option wants it. */
export function withoutDisk(): string | false {
  try {
    mount(1).unmount()
    return false
  } catch {
    return 'this user may mount no disk'
  }
}

/** Mounts a disk that ends with the test. */
export function mountDisk(t: Test, mebibytes: number): Disk {
  const { path, unmount } = mount(mebibytes)
  t.teardown(unmount)
  return { path, readonly: (on) => asRoot('mount', '-o', `remount,${on ? 'ro' : 'rw'}`, path) }
}
