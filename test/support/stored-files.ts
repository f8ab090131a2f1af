import { readdir } from 'node:fs/promises'
import postgres from 'postgres'
import type { Test } from 'tap'
import type { TestApp } from './app.ts'

/** The ids of files, wherever something is left of them. */
export interface Remains {
  bytes: string[]
  rows: string[]
  /** Those that answers name. */
  answered: string[]
  /** Those that are still to be removed. */
  removals: string[]
}

/** Tells what is on disk and in the tables of a server's sandbox. */
export function remainsOf(t: Test, server: TestApp): () => Promise<Remains> {
  const { storage } = server.app.config
  if (storage.kind !== 'folder') throw new Error('the tests keep files in a folder')
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const idsOf = async (rows: PromiseLike<readonly postgres.Row[]>) =>
    (await rows).map((row) => String(row.id)).sort()
  return async () => {
    const names = await readdir(storage.folder, { recursive: true })
    return {
      bytes: names
        .map((path) => path.split('/').at(-1) ?? '')
        .filter((name) => name.startsWith('file_'))
        .sort(),
      rows: await idsOf(sql`select id from files`),
      answered: await idsOf(sql`select file_id as id from answers where file_id is not null`),
      removals: await idsOf(sql`select file_id as id from file_removals`),
    }
  }
}
