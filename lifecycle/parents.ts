import { endsWithParent, firstParent, isWatched } from '../config/parent.ts'
import { inspectProcess } from '../db/embedded/processes.ts'

const PARENT_MS = 100
const ANCESTORS_MS = 1000
/** They hand nothing on: npm's shell, `node --watch`, the command's entry. Whoever started them is the one to watch. */
const BETWEEN = /^\S*sh -c |^\S*node .*--watch |\/anteroom(\.js)? /
/** Who starts commands. In a container it may be process 1 itself. */
const LAUNCHER = /\b(npm|npx|pnpm|yarn|bun|node)\b/
/** Who gets the processes whose parent is gone, besides process 1. */
const REAPER = /^(\S*\/)?(systemd|init|launchd)( |$)/

/** A process, and the parent that it had when this one began. */
type Link = readonly [pid: number, parent: number]

/**
 * Calls back once when the process that started this one is gone, however it ended: nobody is left who would hand
 * Ctrl-C or a signal on. A shell that gets a signal ends alone, and after SIGKILL nothing is handed on at all.
 */
export function watchParents(onGone: () => void): void {
  if (!endsWithParent()) return
  const parent = firstParent()
  let above: readonly Link[] | 'gone' = []
  let waited = 0
  void ancestorsOf(parent).then((found) => {
    above = found
  })
  const timer = setInterval(async () => {
    waited += PARENT_MS
    const isGone =
      process.ppid !== parent ||
      above === 'gone' ||
      (waited % ANCESTORS_MS === 0 && (await hasChanged(above)))
    if (!isGone) return
    clearInterval(timer)
    onGone()
    // It would wait for a change and start this process again.
    if (isWatched() && process.ppid === parent) process.kill(parent, 'SIGTERM')
  }, PARENT_MS).unref()
}

/** Each process between this one and npm; or that npm was gone before anyone looked. */
async function ancestorsOf(pid: number): Promise<readonly Link[] | 'gone'> {
  const found = await inspectProcess(pid)
  if (found === null) return 'gone'
  const { command, parent } = found
  if ((pid === 1 || REAPER.test(command)) && !LAUNCHER.test(command)) return 'gone'
  if (!BETWEEN.test(command)) return []
  const above = await ancestorsOf(parent)
  return above === 'gone' ? above : [[pid, parent], ...above]
}

async function hasChanged(links: readonly Link[]): Promise<boolean> {
  for (const [pid, parent] of links) if ((await inspectProcess(pid))?.parent !== parent) return true
  return false
}
