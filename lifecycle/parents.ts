import { endsWithParent, firstParent, isWatched } from '../config/parent.ts'
import { inspectProcess } from '../db/embedded/processes.ts'

const PARENT_MS = 100
const ANCESTORS_MS = 1000
/** They hand nothing on: npm's shell, `node --watch`, the command's entry. Whoever started them is the one to watch. */
const BETWEEN = /^\S*sh -c |^\S*node .*--watch |\/anteroom(\.js)? /

/**
 * Calls back once when the process that started this one is gone, however it ended: nobody is left who would hand
 * Ctrl-C or a signal on. A shell that gets a signal ends alone, and after SIGKILL nothing is handed on at all.
 */
export function watchParents(onGone: () => void): void {
  if (!endsWithParent()) return
  const parent = firstParent()
  let above: [number, number][] = []
  let checked = 0
  void ancestorsOf(parent).then((found) => {
    above = found
  })
  const timer = setInterval(async () => {
    checked += PARENT_MS
    const isGone = process.ppid !== parent || (checked % ANCESTORS_MS === 0 && (await hasChanged(above)))
    if (!isGone) return
    clearInterval(timer)
    onGone()
    // It would wait for a change and start this process again.
    if (isWatched() && process.ppid === parent) process.kill(parent, 'SIGTERM')
  }, PARENT_MS).unref()
}

/** Each process between this one and npm, with its parent. */
async function ancestorsOf(pid: number): Promise<[number, number][]> {
  const found = await inspectProcess(pid)
  if (found === null || !BETWEEN.test(found.command)) return []
  return [[pid, found.parent], ...(await ancestorsOf(found.parent))]
}

async function hasChanged(links: readonly [number, number][]): Promise<boolean> {
  for (const [pid, parent] of links) if ((await inspectProcess(pid))?.parent !== parent) return true
  return false
}
