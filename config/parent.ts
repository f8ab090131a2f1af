/**
 * Whether this process is to end together with what started it: npm, `node --watch`, or the command's entry.
 * bin/preload.js and bin/anteroom.js say so; a server that somebody starts by hand may outlive their shell.
 */
export function endsWithParent(): boolean {
  return process.env.ANTEROOM_PARENT !== undefined
}

/** The process that started this one, as it was when this one began. */
export function firstParent(): number {
  return Number(process.env.ANTEROOM_PARENT ?? process.ppid)
}

/** Whether `node --watch` started this process, and would start it again. */
export function isWatched(): boolean {
  return process.env.WATCH_REPORT_DEPENDENCIES !== undefined
}
