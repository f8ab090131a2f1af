import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type postgres from 'postgres'
import type { Queryable } from '../connect.ts'
import { ownerClient } from '../owner-client.ts'
import { countRows, nameOf, quoted } from './export.ts'
import { type CopiedTable, isFilledByItself, listCopiedTables } from './tables.ts'

/** Writes rows of an export into the tables of a migrated environment that holds none. */
export interface Import {
  readonly tx: postgres.TransactionSql
  /** Writes a piece of rows; all pieces of a table come one after the other, and tables in the order of the export. */
  write(table: CopiedTable, rows: Buffer): Promise<void>
  /** Ends the table that is written, and counts its rows. */
  count(table: CopiedTable): Promise<number>
}

/**
 * Takes an export in, in one transaction: all of it or nothing. Triggers do not run, since what they wrote is in the
 * export too; foreign keys are checked. What a server has written by itself before (`isFilledByItself`) is removed.
 * @param url of the owner of the tables
 * @param tables as the export lists them
 * @throws Error where the export has a table or a column that the database has not
 */
export async function importRows<T>(
  url: string,
  schema: string,
  tables: readonly CopiedTable[],
  work: (rows: Import) => Promise<T>,
): Promise<T> {
  const client = ownerClient(url, {
    connection: {
      application_name: 'anteroom restore',
      search_path: schema,
      timezone: 'UTC',
      datestyle: 'ISO, YMD',
      client_encoding: 'UTF8',
      statement_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    },
  })
  try {
    return (await client.begin(async (tx) => {
      const known = await listCopiedTables(tx, schema)
      for (const table of tables) requireKnown(table, known)
      // The owner would be held to policies that let it see nothing.
      const policed = known.filter((table) => table.policed)
      const forced = await forcedTables(tx, schema)
      for (const table of policed) await alter(tx, table, 'no force row level security')
      for (const table of known) if (table.schema === schema) await alter(tx, table, 'disable trigger user')
      for (const table of tables) await makePartitions(tx, table)
      for (const table of known.filter(isFilledByItself)) await tx.unsafe(`delete from ${nameOf(table)}`)
      const copy = new Copy(tx)
      const result = await work({
        tx,
        write: (table, rows) => copy.write(table, rows),
        async count(table) {
          await copy.end()
          return countRows(tx, table)
        },
      })
      await copy.end()
      for (const table of known) if (table.schema === schema) await alter(tx, table, 'enable trigger user')
      for (const table of policed)
        if (forced.has(table.name)) await alter(tx, table, 'force row level security')
      return result
    })) as T
  } finally {
    await client.end({ timeout: 1 })
  }
}

function requireKnown(table: CopiedTable, known: readonly CopiedTable[]): void {
  const here = known.find(({ schema, name }) => schema === table.schema && name === table.name)
  const missing = table.columns.filter((column) => !here?.columns.includes(column))
  if (!here || missing.length > 0) {
    throw new Error(`the database has no place for ${table.schema}.${table.name} (${missing.join(', ')})`)
  }
}

async function forcedTables(db: Queryable, schema: string): Promise<Set<string>> {
  const rows = await db<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = ${schema}::regnamespace and relforcerowsecurity`
  return new Set(rows.map(({ name }) => name))
}

async function makePartitions(tx: postgres.TransactionSql, table: CopiedTable): Promise<void> {
  for (const { name, bound } of table.partitions) {
    await tx.unsafe(
      `create table if not exists ${quoted(table.schema)}.${quoted(name)} partition of ${nameOf(table)} ${bound}`,
    )
  }
}

function alter(tx: postgres.TransactionSql, table: CopiedTable, what: string) {
  return tx.unsafe(`alter table ${nameOf(table)} ${what}`)
}

/** One COPY a table: keys of a table that name rows of the same table are checked at its end. */
class Copy {
  readonly #tx: postgres.TransactionSql
  #table: CopiedTable | null = null
  #stream: Writable | null = null

  constructor(tx: postgres.TransactionSql) {
    this.#tx = tx
  }

  async write(table: CopiedTable, rows: Buffer): Promise<void> {
    if (table !== this.#table) {
      await this.end()
      const columns = table.columns.map(quoted).join(', ')
      this.#stream = await this.#tx.unsafe(`copy ${nameOf(table)} (${columns}) from stdin`).writable()
      this.#table = table
    }
    const stream = this.#stream as Writable
    if (!stream.write(rows)) await once(stream, 'drain')
  }

  async end(): Promise<void> {
    const stream = this.#stream
    this.#table = null
    this.#stream = null
    if (!stream) return
    stream.end()
    await finished(stream)
  }
}
