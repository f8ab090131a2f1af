import { unlink } from 'node:fs/promises'
import type { Database } from '../../db/connect.ts'
import { letGoOfSpool, spoolPosition, storeAccessRecords, tryHoldSpool } from '../../db/queries/access-log.ts'
import { findSpools, ignoreMissing, readLines, type Segment } from './spool.ts'
import { storeLines } from './store.ts'

/**
 * Writes what dead processes have left in a folder to the database, each record once, and deletes it. A living
 * process holds its spool by a lock of its connection, which ends with the process; two that find the same dead
 * one don't both replay it.
 * @param database of one connection, which holds the locks
 * @param own the caller's spool
 * @param batchBytes how much is written at once
 * @returns how many spools were replayed
 */
export async function replaySpools(
  database: Database,
  directory: string,
  own: string,
  batchBytes: number,
  onDamage: (error: unknown) => void,
): Promise<number> {
  let replayed = 0
  for (const [spool, segments] of await findSpools(directory)) {
    if (spool === own || !(await tryHoldSpool(database, spool))) continue
    try {
      await replay(database, spool, segments, batchBytes, onDamage)
      replayed += 1
    } finally {
      await letGoOfSpool(database, spool)
    }
  }
  return replayed
}

async function replay(
  database: Database,
  spool: string,
  segments: readonly Segment[],
  batchBytes: number,
  onDamage: (error: unknown) => void,
): Promise<void> {
  let position = await spoolPosition(database, spool)
  for (const segment of segments) {
    // A file that is gone leaves a gap: what lies after it is no less worth keeping.
    if (position < segment.start)
      position = await storeAccessRecords(database, spool, position, segment.start, '')
    for (;;) {
      const lines = await readLines(segment, position, batchBytes).catch(missing)
      if (lines.length === 0) break
      position = await storeLines(database, spool, position, lines, onDamage)
    }
  }
  for (const segment of segments) await unlink(segment.path).catch(ignoreMissing)
}

// Two processes that list the folder at once: the other one was faster.
function missing(error: NodeJS.ErrnoException): Buffer {
  ignoreMissing(error)
  return Buffer.alloc(0)
}
