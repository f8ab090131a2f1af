import type { Database } from '../../db/connect.ts'
import { storeAccessRecords } from '../../db/queries/access-log.ts'
import { sqlState } from '../../db/unavailable.ts'

const LINE_FEED = 10

/**
 * Writes whole lines of a spool to the database. A line that the database can't read (a disk's damage: none of
 * ours is) is left out, so that it does not hold up all those after it.
 * @param first where in the spool the lines begin, in bytes
 * @param onDamage told of each line that is left out
 * @returns where the spool stands now
 */
export async function storeLines(
  database: Database,
  spool: string,
  first: number,
  lines: Buffer,
  onDamage: (error: unknown) => void,
): Promise<number> {
  const next = first + lines.length
  try {
    return await storeAccessRecords(database, spool, first, next, lines.toString())
  } catch (error) {
    if (!isDamage(error)) throw error
    const middle = lines.indexOf(LINE_FEED, lines.length >> 1) + 1
    const cut = middle < lines.length ? middle : lines.indexOf(LINE_FEED) + 1
    if (cut === lines.length) {
      onDamage(error)
      return storeAccessRecords(database, spool, first, next, '')
    }
    const reached = await storeLines(database, spool, first, lines.subarray(0, cut), onDamage)
    if (reached !== first + cut) return reached
    return storeLines(database, spool, reached, lines.subarray(cut), onDamage)
  }
}

// SQLSTATE classes 22 (data exception) and 23 (integrity constraint): trying again would end the same.
function isDamage(error: unknown): boolean {
  const state = sqlState(error)
  return state !== null && (state.startsWith('22') || state.startsWith('23'))
}
