import { setTimeout as delay } from 'node:timers/promises'
import {
  deleteStaleUploads,
  forgetRemovals,
  listRemovals,
  listStoredKeys,
  statesOfFiles,
} from '../../db/queries/file-removals.ts'
import { whyOf } from '../core/why.ts'
import { type FileStore, keyOf } from './store.ts'

const BATCH = 100
const MOMENT_MS = 2000
const PAGE = 1000

/** What a sweep found and did. */
export interface Swept {
  /** Uploads given up, as nobody was at work on them any more. */
  uploads: number
  /** Files whose bytes were removed. */
  removed: number
  /** Files in the folder of what arrives, or in the storage, that no row knew. */
  orphans: number
  /** Rows whose bytes are not there: nothing of ours does that, and nothing is changed. */
  missing: number
}

/**
 * Removes the bytes of files whose rows are gone. Rows go in a transaction, bytes after it: called once it has
 * committed, and by a job for whatever was in the way then. Several processes may do so at once: no row is locked, as
 * the storage may be slow, and what another one has removed is no error.
 * @returns how many
 */
async function removeBytes(store: FileStore): Promise<number> {
  for (let removed = 0; ; ) {
    const rows = await listRemovals(store.database, BATCH)
    const done: string[] = []
    try {
      for (const { organizationId, fileId } of rows) {
        await store.incoming.discard(fileId)
        await store.storage.remove(keyOf(store, organizationId, fileId))
        done.push(fileId)
      }
    } finally {
      if (done.length > 0) removed += (await forgetRemovals(store.database, done)).count
    }
    if (rows.length < BATCH) return removed
  }
}

/**
 * `removeBytes` for a caller whose own work is done, who waits for it a moment at most: what can't be removed now is
 * left to the job.
 */
export async function removeBytesSoon(store: FileStore): Promise<void> {
  const work = removeBytes(store).catch((error: unknown) => {
    store.log.error({ why: whyOf(error) }, 'bytes of removed files are left to the sweep')
  })
  await Promise.race([work, delay(MOMENT_MS, undefined, { ref: false })])
}

/** Gives up what a crash left under way, and removes what is to be removed. */
export async function sweepFiles(store: FileStore): Promise<Swept> {
  const { count: uploads } = await deleteStaleUploads(store.database)
  const removed = await removeBytes(store)
  const orphans = await sweepIncoming(store)
  return { uploads, removed, orphans, missing: 0 }
}

/**
 * Removes what has arrived and belongs to no upload. The folder may be this process's own, which no worker sees.
 * @returns how many
 */
export async function sweepIncoming(store: FileStore): Promise<number> {
  let orphans = 0
  for (const id of await store.incoming.ids()) {
    // A row is written before the first byte arrives, so that what has none is nobody's.
    const [row] = await statesOfFiles(store.database, [id])
    if (row?.state === 'uploading') continue
    await store.incoming.discard(id)
    orphans += 1
  }
  return orphans
}

/**
 * `sweepFiles`, and then compares the whole storage with the rows. Bytes without a row are removed. A row without bytes
 * is told of and kept: it is what an unmounted storage would look like, too.
 */
export async function auditFiles(store: FileStore): Promise<Swept> {
  const swept = await sweepFiles(store)
  for await (const organizationId of store.storage.folders(store.prefix)) {
    const there = await removeOrphans(store, organizationId, swept)
    swept.missing += await countMissing(store, organizationId, there)
  }
  if (swept.missing > 0) store.log.error({ files: swept.missing }, 'stored files have lost their bytes')
  return swept
}

/** @returns the ids of the files whose bytes and rows are there */
async function removeOrphans(
  store: FileStore,
  organizationId: string,
  swept: Swept,
): Promise<ReadonlySet<string>> {
  const there = new Set<string>()
  const prefix = keyOf(store, organizationId, '')
  let page: string[] = []
  const check = async () => {
    const known = new Set((await statesOfFiles(store.database, page)).map(({ id }) => id))
    for (const id of page) {
      if (known.has(id)) there.add(id)
      else {
        await store.storage.remove(prefix + id)
        swept.orphans += 1
      }
    }
    page = []
  }
  for await (const key of store.storage.keys(prefix)) {
    page.push(key.slice(prefix.length))
    if (page.length === PAGE) await check()
  }
  if (page.length > 0) await check()
  return there
}

// What was stored or removed while the keys were read is looked at once more.
async function countMissing(
  store: FileStore,
  organizationId: string,
  there: ReadonlySet<string>,
): Promise<number> {
  let missing = 0
  for (let after = ''; ; ) {
    const rows = await listStoredKeys(store.database, organizationId, after, PAGE)
    for (const { id } of rows) {
      if (there.has(id) || (await store.storage.has(keyOf(store, organizationId, id)))) continue
      const [row] = await statesOfFiles(store.database, [id])
      if (row) missing += 1
    }
    if (rows.length < PAGE) return missing
    after = rows.at(-1)?.id ?? ''
  }
}
