import type postgres from 'postgres'
import type { Environment } from '../../config/environment.ts'
import type { DatabaseLogins } from '../logins.ts'
import { ownerClient } from '../owner-client.ts'
import { type CopiedTable, listCopiedTables } from './tables.ts'

/** Rows are handed on in pieces of about this size. */
const PIECE_BYTES = 4 * 1024 * 1024
/** How values look in the text of COPY must not depend on the server's settings. */
const SETTINGS = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
} as const

/** One moment of an environment's database: whatever is written later is not seen. */
export interface Snapshot {
  /** The tables, each after those that its foreign keys name. */
  readonly tables: readonly CopiedTable[]
  /** For other reads at the same moment, as the system: sees all rows of the tables that the server works with. */
  readonly tx: postgres.TransactionSql
  /** As the owner: for the tables that are its own. */
  readonly ownerTx: postgres.TransactionSql
  /** A table's rows in PostgreSQL's text format of COPY, in pieces of whole rows. */
  rows(table: CopiedTable): AsyncGenerator<Buffer>
  hasRows(table: CopiedTable): Promise<boolean>
  /** How many rows there are to copy. */
  count(table: CopiedTable): Promise<number>
}

/**
 * Reads an environment at one moment (REPEATABLE READ). The owner reads the tables without policies, the system login
 * those with policies; both see the same snapshot.
 */
export async function withSnapshot<T>(
  logins: Pick<DatabaseLogins, 'owner' | 'session'>,
  { schema }: Environment,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const open = (url: string) =>
    ownerClient(url, {
      connection: { application_name: 'anteroom backup', search_path: schema, ...SETTINGS },
    })
  const owner = open(logins.owner)
  const system = open(logins.session)
  try {
    return (await owner.begin('isolation level repeatable read read only', async (ownerTx) => {
      const [exported] = await ownerTx<{ id: string }[]>`select pg_export_snapshot() as id`
      return system.begin('isolation level repeatable read read only', async (tx) => {
        await tx.unsafe(`set transaction snapshot '${exported?.id}'`)
        const tables = await listCopiedTables(ownerTx, schema)
        const reader = (table: CopiedTable) => (table.policed ? tx : ownerTx)
        return work({
          tables,
          tx,
          ownerTx,
          rows: (table) => readRows(reader(table), table),
          hasRows: async (table) =>
            (await reader(table).unsafe(`select from ${nameOf(table)} limit 1`)).length > 0,
          count: (table) => countRows(reader(table), table),
        })
      })
    })) as T
  } finally {
    await Promise.all([owner.end({ timeout: 1 }), system.end({ timeout: 1 })])
  }
}

async function* readRows(tx: postgres.TransactionSql, table: CopiedTable): AsyncGenerator<Buffer> {
  const columns = table.columns.map(quoted).join(', ')
  const text = `copy (select ${columns} from ${rowsOf(table)}) to stdout`
  let piece: Buffer[] = []
  let bytes = 0
  // PostgreSQL sends a row a message, and the driver hands on a message a chunk.
  for await (const row of await tx.unsafe(text).readable()) {
    piece.push(row)
    bytes += row.length
    if (bytes < PIECE_BYTES) continue
    yield Buffer.concat(piece)
    piece = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(piece)
}

/** Counts the rows of a table that are copied. */
export async function countRows(tx: postgres.TransactionSql, table: CopiedTable): Promise<number> {
  const [row] = await tx.unsafe(`select count(*)::float8 as count from ${rowsOf(table)}`)
  return Number(row?.count)
}

function rowsOf(table: CopiedTable): string {
  return table.only === null ? nameOf(table) : `${nameOf(table)} where ${table.only}`
}

/** A table's name with its schema, as SQL takes it. */
export function nameOf({ schema, name }: Pick<CopiedTable, 'schema' | 'name'>): string {
  return `${quoted(schema)}.${quoted(name)}`
}

/** A name as an identifier of SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
