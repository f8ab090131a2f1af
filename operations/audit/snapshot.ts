import type { Database, Queryable } from '../../db/connect.ts'

/** Reads the chains of one moment, however long it takes. */
export function snapshot<T>(database: Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return database.begin('isolation level repeatable read read only', work) as Promise<T>
}
