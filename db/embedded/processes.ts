import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { codeOf } from './errors.ts'

/** A process as the operating system tells of it. */
export interface ProcessInfo {
  readonly parent: number
  /** Program and arguments, joined by blanks. */
  readonly command: string
}

/**
 * Looks a process up, in /proc or through `ps`, as the platform has it.
 * @returns null when it does not run; a zombie does not run, though signal 0 still reaches it.
 */
export async function inspectProcess(
  pid: number,
  platform: NodeJS.Platform = process.platform,
): Promise<ProcessInfo | null> {
  if (!signal(pid, 0)) return null
  return platform === 'linux' ? inspectProc(pid) : inspectPs(pid)
}

/**
 * Sends a signal (0 only asks).
 * @returns whether the process exists.
 * @throws {Error} EPERM, for another signal than 0 to another user's process.
 */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    if (name === 0) return true
    throw error
  }
}

async function inspectProc(pid: number): Promise<ProcessInfo | null> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    // The second field is the name in brackets, which may itself hold blanks and brackets.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return null
    return { parent: Number(parent), command: command.replaceAll('\0', ' ') }
  } catch {
    return null
  }
}

async function inspectPs(pid: number): Promise<ProcessInfo | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', [
      '-ww',
      '-o',
      'stat=,ppid=,command=',
      '-p',
      String(pid),
    ])
    const [, state = '', parent, command = ''] = /^\s*(\S+)\s+(\d+)\s+(.*)$/s.exec(stdout) ?? []
    return parent === undefined || state.startsWith('Z') ? null : { parent: Number(parent), command }
  } catch {
    return null
  }
}
